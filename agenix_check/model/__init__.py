"""The vocabulary: frozen values that the rooms hand to each other."""
