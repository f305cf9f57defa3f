"""Training of the Shapes models: VAE, backbone and head (extra `train`)."""
