"""Drifts f(u, x) of a particle, u = w x/d + b, each with its derivatives and its exact flow where one exists."""
