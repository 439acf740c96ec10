"""Schemes: frozen values that state their order and know how to carry a state over steps."""
