# The plain agenix rules files at `paths` of a commit, as plain data; agenix-check evaluates this.
#
# Each is said as soon as it is known, as a line of Nix's own messages, JSON after `mark`: { path,
# value }; before the first of them, { store }. What fails ends it all. The value is null where a
# file is no rules file: a function, or a set in which nothing has `publicKeys`.
{ url, rev, paths, mark }:
let
  inherit (builtins)
    any attrNames concatMap fetchGit filter foldl' isAttrs isList map pathExists scopedImport
    seq stringLength substring toJSON toString trace unsafeDiscardStringContext;

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

  say = value: trace "${mark} ${toJSON value}";
  sayAll = foldl' (_: path: say { inherit path; value = evaluate path; } null) null;
in
seq tree.outPath (say { store = builtins.storeDir; } (sayAll paths))
