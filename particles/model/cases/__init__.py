"""The papers' experiments, cases in the plane whose answers are known, and cases from files."""
