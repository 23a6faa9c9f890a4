# The build of a check: the flake's files in a repository of their own, and beside them what the flake
# declares as it was evaluated just now, in place of a lock file that may be old.
export HOME=$TMPDIR GIT_CONFIG_NOSYSTEM=1
git init --quiet --initial-branch=main tree
cd tree
cp -r "$files/." .
chmod -R u+w .
mkdir -p .git/info
echo '* -text -filter -ident -working-tree-encoding' >.git/info/attributes # the bytes as they are
cp "$declaredPath" agenix-check.lock
git add --all --force
git -c user.name=nix -c user.email=nix@localhost commit --quiet -m 'What is to be checked'
agenix-check --rev HEAD --inventory lock --output text="$out" "$@"
