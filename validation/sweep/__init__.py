"""A case over a grid of its own values: moments of particles, equation and exact law, and the distance between them."""
