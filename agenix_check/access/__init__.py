"""Who can read what: now, by this change, ever. Pure functions over what was discovered."""
