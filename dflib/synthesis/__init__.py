"""Face synthesis: generative adversarial networks, StyleGAN, StarGAN."""
