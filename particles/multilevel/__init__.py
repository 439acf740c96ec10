"""Multilevel Monte Carlo: the levels of an equation with noise, and what is estimated on them."""
