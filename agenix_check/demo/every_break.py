"""Every break that the demo shows, in its order."""

from agenix_check.demo.contents import CONTENTS
from agenix_check.demo.surroundings import SURROUNDINGS
from agenix_check.demo.versions import VERSIONS

BREAKS = (*VERSIONS, *CONTENTS, *SURROUNDINGS)
