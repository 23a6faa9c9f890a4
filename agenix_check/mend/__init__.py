"""What `--fix` does: the plan, refusals, new files in memory, and one change of index and tree."""
