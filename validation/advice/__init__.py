"""What to run: the terms of an error, the cheapest run to a tolerance, multilevel estimates."""
