"""`python -m agenix_check`."""

import sys

from agenix_check.cli import main

sys.exit(main())
