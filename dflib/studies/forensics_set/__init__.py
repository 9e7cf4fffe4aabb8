"""A forensics data set: FaceForensics++ in small, with exact masks and controls that no other set has.

    python -m dflib make forensics FOLDER --actors 130 --compression c23 c40 raw

`plan` says who is in it, `film` shows them, `manipulations` changes their faces, `make` writes it all down.
"""
