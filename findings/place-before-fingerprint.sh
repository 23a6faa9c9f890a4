#!/bin/sh
# The baseline of Microsoft's program for SARIF takes one host's problem with an age file for
# another's, though message and fingerprints differ: a binary file has no line to set them apart.
#
# Version: @microsoft/sarif-multitool 5.7.0 (npm).
# Expected: SARIF 2.1.0, 3.27.16: results that are logically distinct have distinct fingerprints;
#   3.27.24: whether a result is new, unchanged or absent can be read from them.
# Seen: `match-results-forward` compares the place first: rule, URI and region. Where these are
#   equal two results are one, and neither fingerprints nor partialFingerprints are looked at. So
#   if beta's problem is solved and gamma has the same one, gamma's is "unchanged"; and of two the
#   solved one stays, and the other is "absent" and "unchanged" at once. Fingerprints count when
#   the file has moved. A logicalLocation is part of the place: with one for each host, as a name
#   that is fully qualified, all states are right.
#
# It needs python3, node and npm; it writes to a temporary folder alone, and fails when what is seen
# changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
npm init --yes >/dev/null
npm install --silent --save-exact @microsoft/sarif-multitool@5.7.0 >/dev/null

cat > log.py <<'END'
import json
import sys

def result(name, uri="db.age", *, keyed):
    location = {"physicalLocation": {"artifactLocation": {"uri": uri}}}
    if keyed:
        location["logicalLocations"] = [{"fullyQualifiedName": name}]
    return {
        "ruleId": "not-readable",
        "message": {"text": f"{name} cannot read it"},
        "locations": [location],
        "fingerprints": {"host/v1": name},
        "partialFingerprints": {"host/v1": name},
    }

def write(file, results):
    run = {"tool": {"driver": {"name": "check"}}, "results": results}
    with open(file, "w") as log:
        json.dump({"version": "2.1.0", "runs": [run]}, log)

keyed = sys.argv[1] == "logical"
before, after = ([word.split("@") for word in side.split()] for side in sys.argv[2:])
write("before.sarif", [result(*one, keyed=keyed) for one in before])
write("after.sarif", [result(*one, keyed=keyed) for one in after])
END
cat > states.py <<'END'
import json

with open("matched.sarif", encoding="utf-8-sig") as log:
    results = json.load(log)["runs"][0]["results"]
states = [one["baselineState"] + " " + one["fingerprints"]["host/v1"] for one in results]
print(", ".join(sorted(states)))
END

states() { # NAME KIND BEFORE AFTER: the states that the program gives the results
    python3 log.py "$2" "$3" "$4"
    node_modules/.bin/sarif-multitool match-results-forward after.sarif --previous before.sarif \
        --output-file-path matched.sarif --log ForceOverwrite >/dev/null
    echo "$1: $(python3 states.py)"
}

{
    for kind in physical logical; do
        echo "$kind"
        states "  the same" "$kind" "alpha beta" "alpha beta"
        states "  gamma, not beta" "$kind" "beta" "gamma"
        states "  alpha is solved" "$kind" "alpha beta" "beta"
        states "  the file moved" "$kind" "beta@db.age" "beta@web.age"
    done
} > seen
cat > expected <<END
physical
  the same: unchanged alpha, unchanged beta
  gamma, not beta: unchanged gamma
  alpha is solved: absent beta, unchanged beta
  the file moved: updated beta
logical
  the same: unchanged alpha, unchanged beta
  gamma, not beta: absent beta, new gamma
  alpha is solved: absent alpha, unchanged beta
  the file moved: updated beta
END
cat seen
diff expected seen
