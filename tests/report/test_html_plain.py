"""The page of plain agenix: a table for each rules file, its files by its readers."""

import re

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.conftest import Run
from tests.host_keys import ALPHA, BETA, DELTA, RSA


def test_the_table_of_plain_agenix_says_who_reads_what(workshop: Workshop, run: Run) -> None:
    keys = f'alice = "{ALPHA.strip()}"; bob = "{BETA.strip()}";'
    workshop.write("a.age", encrypt(b"x", [ALPHA]))
    workshop.write("b.age", encrypt(b"x", [ALPHA, RSA, DELTA]))
    workshop.write(
        "secrets.nix",
        f'let {keys} in {{ "a.age".publicKeys = [ alice bob ]; '
        f'"b.age".publicKeys = [ alice "{DELTA.strip()}" ]; }}',
    )
    workshop.stage()

    page = run(workshop.top, "--format", "html", "--inventory", "names").stdout
    table = page.partition('id="plain"')[2].partition("</table>")[0]

    assert "files of plain agenix" in page
    assert "file names, which do not show everything" not in page
    heads = re.findall(r'<th scope="col" class="reader" title="[^"]*">([^<]*)<', table)
    assert heads[:2] == ["alice", "bob"]
    assert heads[2].startswith("X25519")
    assert "tag" in heads[3]
    rows = re.findall(r"<tr><td>.*?</tr>", table)
    cells = [re.findall(r'<td class="reader">([^<]*)</td>', row) for row in rows]
    assert cells == [
        ["reads", "cannot read", "", ""],
        ["reads", "", "does not show", "reads without a rule"],
    ]
