"""What Nix says about a flake's nodes and about plain agenix's rules files."""

from agenix_check.discover.nix.flake import evaluate, evaluate_age_programs
from agenix_check.discover.nix.rules_files import evaluate_rules
from agenix_check.discover.nix.run import nix_program

__all__ = ["evaluate", "evaluate_age_programs", "evaluate_rules", "nix_program"]
