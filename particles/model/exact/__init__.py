"""Exact laws at a time t: by flows, and of noisy models where they are closed."""
