"""Contestants that this project brings: its own solvers, and other libraries used as their documentation asks."""
