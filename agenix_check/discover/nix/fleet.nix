# What a flake, or the one at `url`, declares for agenix-rekey, as plain data.
#
# `paths` are the attribute paths to look at, null for the standard ones. `task` says what to do:
#
#   fleet  every node, and with `users` every home-manager user inside a host: as a value
#   say    the same, or exactly the `units` given: [ { path, user } ], see `evaluate`; but each as
#          soon as it is known, as a line of Nix's own messages, JSON after `mark`. The first line
#          is { root, store, paths }, with the attribute paths of the configurations if `units` is
#          null. After the names of a host's users follow these users. What fails ends it all.
#   age    the age programs that are named for this `system`, without a look at nodes that name
#          none: { root, store, programs }, said as above
#
# Where `only` is not null, it lists the attribute paths of which `say` says something.
#
# Of a configuration nothing is read but `age`, and `home-manager.users` where it is asked for.
{ url ? null, flake ? builtins.getFlake url, task, paths, users, units ? null, only ? null, mark ? "", system ? null }:
let
  inherit (builtins)
    attrNames attrValues concatMap deepSeq elem filter foldl' head isAttrs isPath map parseDrvName
    readFile toJSON toString trace tryEval unsafeDiscardStringContext;

  at = foldl' (value: name: value.${name}) flake;

  standard = [ "nixosConfigurations" "darwinConfigurations" "homeConfigurations" ];

  children = path: map (name: path ++ [ name ]) (attrNames (at path));

  # A path that leads to no configuration, but to a set of them, stands for all of these.
  # One that leads nowhere stays: looking there later says what is wrong.
  expand = path:
    let
      found = tryEval (let value = at path; in isAttrs value && !(value ? config));
      reached = foldl'
        (value: name: if isAttrs value && value ? ${name} then value.${name} else null)
        flake
        path;
      exists = tryEval (reached != null);
    in
    if exists.success && exists.value && found.success && found.value
    then children path
    else [ path ];

  candidates =
    if paths == null
    then concatMap (name: if flake ? ${name} then children [ name ] else [ ]) standard
    else concatMap expand paths;

  # A path as text; nothing is copied into the store, and no file need be there.
  text = value: unsafeDiscardStringContext (toString value);
  # A key, or the content of the file that a path names: as agenix-rekey's own options take it.
  key = value: text (if isPath value then readFile value else value);

  secret = id: value: {
    inherit id;
    name = text (value.name or id);
    source = text value.rekeyFile;
    intermediary = value.intermediary or false;
    generator =
      let generator = value.generator or null;
      in
      if generator == null then null
      else if isAttrs generator then map text (generator.tags or [ ])
      else [ ];
    # The sources that it is generated from. Who cannot say them can still be deployed.
    dependencies =
      let
        given = value.generator.dependencies or [ ];
        found = map (one: text one.rekeyFile)
          (filter (one: (one.rekeyFile or null) != null) (if isAttrs given then attrValues given else given));
        tried = tryEval (deepSeq found found);
      in
      if tried.success then tried.value else [ ];
  };

  master = value:
    if isAttrs value && value ? identity then {
      identity = text value.identity;
      pubkey = if (value.pubkey or null) == null then null else key value.pubkey;
    } else {
      identity = text value;
      pubkey = null;
    };

  node = age:
    let
      inherit (age) rekey;
      secrets = age.secrets or { };
      mode = rekey.storageMode or "derivation";
    in
    {
      hostPubkey = key rekey.hostPubkey;
      storageMode = mode;
      storage = if mode == "local" then text rekey.localStorageDir else null;
      secrets = map (id: secret id secrets.${id})
        (filter (id: (secrets.${id}.rekeyFile or null) != null) (attrNames secrets));
      masterIdentities = map master (rekey.masterIdentities or [ ]);
      extraEncryptionPubkeys = map text (rekey.extraEncryptionPubkeys or [ ]);
    };

  nodeOf = config: if config ? age.rekey then node config.age else null;

  usersOf = path:
    if head path != "homeConfigurations" && (at path) ? config.home-manager.users
    then attrNames (at path).config.home-manager.users
    else [ ];

  # The node at a path where `user` is null, the names of the home-manager users inside it where
  # `user` is true, and the node of one of them where `user` is its name.
  evaluate = unit:
    if unit.user == null then
      (if (at unit.path) ? config then nodeOf (at unit.path).config else null)
    else if unit.user == true then usersOf unit.path
    else nodeOf (at unit.path).config.home-manager.users.${unit.user};

  attempt = unit:
    let
      value = evaluate unit;
      done = tryEval (deepSeq value value);
    in
    unit // { ok = done.success; value = if done.success then done.value else null; };

  inside = path:
    let found = attempt { inherit path; user = true; };
    in
    if !users then [ ]
    else if found.ok then map (user: attempt { inherit path user; }) found.value
    else [ found ];

  # What `lib.getExe` gives for a package.
  executable = package:
    let name = package.meta.mainProgram or package.pname or (parseDrvName package.name).name;
    in text "${package.bin or package.out or package}/bin/${name}";

  # Those of our module for flake-parts, which takes agenix-rekey's own, and of the nodes.
  named = [ (_: flake.agenix-check.agePackage.${system} or null) ]
    ++ map (path: _: (at path).config.age.rekey.agePackage or null) candidates;
  program = name:
    let found = tryEval (let package = name null; in if isAttrs package then executable package else null);
    in if found.success && found.value != null then [ found.value ] else [ ];

  tree = {
    root = text flake.sourceInfo.outPath;
    store = builtins.storeDir;
  };

  say = value: trace "${mark} ${toJSON value}";
  each = function: foldl' (_: one: function one) null;

  sayUnit = unit:
    let value = evaluate unit;
    in
    say (unit // { inherit value; })
      (if unit.user == true then each (user: sayUnit { inherit (unit) path; inherit user; }) value else null);

  asked = if only == null then candidates else filter (path: elem path only) candidates;
  sayPath = path: each (user: sayUnit { inherit path user; }) ([ null ] ++ (if users then [ true ] else [ ]));
in
if task == "fleet" then tree // {
  result = concatMap (path: [ (attempt { inherit path; user = null; }) ] ++ inside path) candidates;
}
else if task == "age" then say (tree // { programs = concatMap program named; }) null
else if units == null then say (tree // { paths = asked; }) (each sayPath asked)
else say (tree // { paths = [ ]; }) (each sayUnit units)
