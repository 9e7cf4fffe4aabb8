"""Manipulations of the face in a video, each a `manipulate.Method` in the file of its name, and the fitting, texturing and
blending that they share: `faceswap`, `face2face` and `neural_textures` with a 3-D model, `deepfake` with the shared-encoder
autoencoder. A further one goes here as `swap/<name>.py`; one that edits attributes, with a network of its own, is
`synthesis/<name>`.
"""
