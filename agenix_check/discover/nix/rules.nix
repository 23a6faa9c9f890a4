# The plain agenix rules files at `paths` of a commit, as plain data; agenix-check evaluates this.
#
# Null where a file is no rules file: a function, or a set in which nothing has `publicKeys`.
{ url, rev, paths }:
let
  inherit (builtins)
    any attrNames concatMap deepSeq fetchGit filter isAttrs isList length map pathExists scopedImport
    stringLength substring toString tryEval unsafeDiscardStringContext;

  tree = fetchGit { inherit url rev; };

  # A pure evaluation has answers of its own to what only the machine knows: it must give none.
  refuse = name: abort "${name} depends on the machine, not on this tree";
  isHere = path:
    let text = unsafeDiscardStringContext (toString path); in
    substring 0 (stringLength tree.outPath) text == unsafeDiscardStringContext tree.outPath;
  changed = {
    getEnv = _: refuse "builtins.getEnv";
    currentSystem = refuse "builtins.currentSystem";
    currentTime = refuse "builtins.currentTime";
    nixPath = refuse "builtins.nixPath";
    pathExists = path:
      if isHere path then pathExists path else refuse "the path ${toString path}";
    import = path: scopedImport scope path;
  };
  scope = {
    builtins = builtins // changed;
    inherit (changed) import;
    __getEnv = changed.getEnv;
    __currentSystem = changed.currentSystem;
    __currentTime = changed.currentTime;
    __pathExists = changed.pathExists;
  };

  text = value: unsafeDiscardStringContext (toString value);
  flatten = value: if isList value then concatMap flatten value else [ (text value) ];

  rule = name: value: {
    inherit name;
    publicKeys = flatten value.publicKeys;
    nested = isList value.publicKeys && any isList value.publicKeys;
    armor = value.armor or null;
  };

  evaluate = path:
    let
      value = scopedImport scope (tree.outPath + "/${path}");
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
