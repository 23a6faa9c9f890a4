"""Formats: each file here is one, and has its declaration, `FORMAT`, at its end."""
