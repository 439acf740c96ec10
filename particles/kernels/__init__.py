"""The compiled sweeps and sums: one subject a file, the formula handed in."""
