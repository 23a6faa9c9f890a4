"""The coverage of the package: what `make test` measures on the newest Python, and prints."""
