"""Finite volumes on the line: reconstruction, diffusion, explicit and implicit steps, Chang and Cooper's scheme."""
