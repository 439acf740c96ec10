"""Networks as layers that are trained: values, their kernels, and a trainer whose bytes no number of ranks changes."""
