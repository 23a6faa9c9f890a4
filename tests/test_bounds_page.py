"""SECURITY.md says what the bounds are: its table is made from the constants of the code.

Write it anew: UPDATE_README=1 .venv/bin/python -m pytest tests/test_bounds_page.py
"""

import os
import re

from agenix_check import errors
from agenix_check.age import header
from agenix_check.cli import settings_file
from agenix_check.discover.declared import past_locks
from agenix_check.discover.nix import pool, restrictions, run
from agenix_check.discover.tree import key_texts, naming
from agenix_check.git import cache, documents, history, objects, snapshot
from agenix_check.model.settings import Settings
from tests.checkout import ROOT

PAGE = ROOT / "SECURITY.md"
_TABLE = re.compile(r"\| what \| bound \| over it \|\n(?:\|.*\n)+")
_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
_SAID = "said, exit 3"
_DECIDES = "said, exit 3 where an output is not explained"


def _size(count: int) -> str:
    unit, name = next((pair for pair in _UNITS if count % pair[0] == 0), (1, "bytes"))
    return f"{count // unit:,} {name}"


def _rows() -> list[tuple[str, str, str]]:
    seconds = f"{Settings().nix_timeout:g} s (`--nix-timeout`)"
    named = "the node is named, exit 3"
    memory = (
        f"a quarter of the machine's, at most {_size(restrictions.MOST_MEMORY)} (`--nix-memory`)"
    )
    return [
        ("a settings file", _size(settings_file._LARGEST_SETTINGS), "said, exit 2 (the base's: 3)"),
        ("names in a key of a settings file", f"{settings_file._MOST_STEPS}", "the same"),
        ("a lock file", _size(past_locks._LARGEST_LOCK), _SAID),
        ("a file that is searched for keys", _size(objects.WHOLE), _DECIDES),
        ("the comment of a key", _size(key_texts.LONGEST_COMMENT), _DECIDES),
        ("keys of a file, with comments", _size(key_texts.MOST_KEY_BYTES), _DECIDES),
        ("keys of all files, with comments", _size(key_texts.MOST_KEY_BYTES_READ), _SAID),
        ("pairs of keys and sources, of a tree", f"{naming.MOST_PAIRS:,}", _SAID),
        ("the same in all of history", f"{naming.MOST_PAIRS_IN_HISTORY:,}", _SAID),
        ("stanzas of an age file", f"{header.MAX_STANZAS:,}", "the file is malformed"),
        ("the header of an age file", _size(header.MAX_HEADER), "the file is malformed"),
        ("the listing of a tree", _size(snapshot.MOST_LISTED), _SAID),
        ("a path, where most are as long", _size(snapshot._LONGEST_PATH), _SAID),
        ("changed lines that are searched", _size(history.MOST_CHANGED), "Nix is asked anew"),
        ("the time of Nix for a node or a rules file", seconds, named),
        ("of these, that may run out of time", f"{pool.MOST_LATE}", "no other is tried, exit 3"),
        ("the memory of a process of Nix", memory, named),
        ("the messages of a process of Nix", _size(run._MOST_JSON), named),
        ("a file of what is remembered", _size(cache.MOST_STORED), "it is not kept"),
        ("remembered reports in one format", _size(documents.MOST_TEXTS), "older ones are dropped"),
        (
            "the line of an error or finding",
            f"{errors.LONGEST_LINE:,} characters",
            "its middle is left out",
        ),
    ]


def _table() -> str:
    rows = [("what", "bound", "over it"), ("---", "---", "---"), *_rows()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def test_the_table_is_that_of_the_code() -> None:
    page = PAGE.read_text()
    if os.environ.get("UPDATE_README"):
        page = _TABLE.sub(lambda _: _table(), page)
        PAGE.write_text(page)
    assert _table() in page
