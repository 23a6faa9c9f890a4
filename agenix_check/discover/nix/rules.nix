# The plain agenix rules files at `paths` of a commit, as plain data; agenix-check evaluates this.
#
# Null where a file is no rules file: a function, or a set in which nothing has `publicKeys`.
{ url, rev, paths }:
let
  inherit (builtins)
    attrNames concatMap deepSeq fetchGit filter isAttrs isList length map toString tryEval
    unsafeDiscardStringContext;

  tree = fetchGit { inherit url rev; };

  text = value: unsafeDiscardStringContext (toString value);
  flatten = value: if isList value then concatMap flatten value else [ (text value) ];

  rule = name: value: {
    inherit name;
    publicKeys = flatten value.publicKeys;
    armor = value.armor or null;
  };

  evaluate = path:
    let
      value = import (tree.outPath + "/${path}");
      names = filter (name: isAttrs value.${name} && value.${name} ? publicKeys) (attrNames value);
    in
    if !isAttrs value || names == [ ] then null
    else map (name: rule name value.${name}) names;

  attempt = path:
    let
      value = evaluate path;
      done = tryEval (deepSeq value value);
    in
    { inherit path; ok = done.success; value = if done.success then done.value else null; };
in
# A file by itself is let fail, so that Nix says why.
if length paths == 1
then map (path: { inherit path; ok = true; value = evaluate path; }) paths
else map attempt paths
