"""What a repository declares, from Nix or the lock file."""
