"""Sensitivity of losses to a model's parameters, by adjoints that are exact for the scheme."""
