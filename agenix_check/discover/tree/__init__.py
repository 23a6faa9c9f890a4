"""What the names and contents of a tree's files say by themselves."""
