"""The papers' experiments, and cases from files."""
