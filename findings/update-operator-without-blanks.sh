#!/bin/sh
# The operator that joins two attribute sets, written without blanks (`x//y`), is an operator to Nix
# and the path `x//y` to tree-sitter's grammar of Nix.
#
# Versions: tree-sitter-nix 0.1.0 with tree-sitter 0.26.1; Nix 2.8 and later.
# Expected: Nix's lexer wants a letter or a digit behind each slash of a path, so `x//y` is
#   `x // y`; a parser for Nix is to say the same.
# Seen: the grammar makes a path_expression of it, and reports no error. So a tool that walks the tree
#   sees no operator, and takes what is a set for the name of a file. With blanks both agree.
#
# It needs python3 with venv, and nix-instantiate; it writes to a temporary folder alone, and fails
# when what is seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
    tree-sitter==0.26.1 tree-sitter-nix==0.1.0

cat > kind.py <<END
import sys, tree_sitter, tree_sitter_nix
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_nix.language()))
root = parser.parse(f"x: y: {sys.argv[1]}".encode()).root_node
body = root.children[0]
while body.type == "function_expression":
    body = body.child_by_field_name("body")
print("an error" if root.has_error else body.type)
END

reads() { # NAME EXPRESSION: what both make of it, below a function of x and y
    nix=$(nix-instantiate --parse -E "x: y: $2" 2>/dev/null | grep -c ' // ' || true)
    echo "$1: Nix sees $nix operator, the grammar a $(venv/bin/python kind.py "$2")"
}

{
    reads "with blanks" "x // y"
    reads "without" "x//y"
} > seen
cat > expected <<END
with blanks: Nix sees 1 operator, the grammar a binary_expression
without: Nix sees 1 operator, the grammar a path_expression
END
cat seen
diff expected seen
