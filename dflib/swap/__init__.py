"""Face swaps: a 3-D model fitted and textured, the shared-encoder autoencoder, and the blending that both need."""
