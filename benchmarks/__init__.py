"""Timings of the project beside the same work done by others; run by asv, or in short by ``python -m benchmarks``."""
