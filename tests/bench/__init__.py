"""How fast the gate is: `python -m tests.bench` prints the table that README shows."""
