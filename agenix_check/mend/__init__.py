"""The only room with private keys and with writes of age files."""
