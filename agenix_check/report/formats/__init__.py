"""The formats: one file each, which ends with its declaration, `FORMAT`."""
