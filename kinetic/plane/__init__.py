"""The equation on a rectangle, d = 2: grid, line averages, fluxes with the product term, and steps in time."""
