"""Where the fleet comes from: the tree itself, a declaration, or rules files."""
