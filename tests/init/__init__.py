"""Tests of `agenix_check/init/`."""
