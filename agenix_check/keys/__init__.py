"""Identities, passphrases, plugins and the age program: the only room with private keys."""
