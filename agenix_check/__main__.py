"""`python -m agenix_check`."""

from agenix_check.cli import command

command()
