# A stand-in for nixpkgs' module system and for flake-parts: as much of both as nix/flake-module.nix and
# the flakes of the tests use, and no more. It was written from their manuals. It keeps: imports,
# functions of arguments, merging by type, priorities, `mkIf`, read-only options, the errors for an
# unknown option and for a value of another type, and the transposition of `perSystem`. It leaves out:
# `mkMerge`, `mkOrder`, `apply`, renamed options, `_module`, and freeform types but for `flake`.
# `make trial FLAKE_PARTS=… NIXPKGS_LIB=…` runs the same tests with the real ones.
{ lib }:

let
  inherit (builtins)
    all any attrNames concatLists concatMap concatStringsSep elem elemAt filter foldl' functionArgs
    head isAttrs isBool isFloat isFunction isInt isList isPath isString length listToAttrs mapAttrs
    removeAttrs;

  show = concatStringsSep ".";
  names = sets: attrNames (foldl' (all: set: all // set) { } sets);
  having = name: filter (set: set ? ${name});
  isOption = value: isAttrs value && (value._type or null) == "option";

  # Definitions of one option: conditions are taken off, and the best priority is kept.
  discharge = value:
    if isAttrs value && (value._type or null) == "if"
    then (if value.condition then discharge value.content else [ ])
    else if isAttrs value && (value._type or null) == "override"
    then map (one: one // { inherit (value) priority; }) (discharge value.content)
    else [{ priority = 100; content = value; }];
  best = values:
    let
      found = concatMap discharge values;
      least = foldl' (a: b: if b.priority < a then b.priority else a) 10000 found;
    in
    map (one: one.content) (filter (one: one.priority == least) found);

  # As a manual names a type inside of another.
  inside = type: if type.words or 1 > 1 then "(${type.description})" else type.description;

  simple = name: description: check: {
    inherit name description check;
    getSubOptions = _: { };
    merge = loc: values:
      if all (value: value == head values) values then head values
      else throw "The option `${show loc}' has conflicting definition values";
  };

  types = {
    bool = simple "bool" "boolean" isBool;
    str = simple "str" "string" isString;
    number = simple "number" "signed integer or floating point number" (v: isInt v || isFloat v);
    int = simple "int" "signed integer" isInt;
    package = simple "package" "package" (value: isAttrs value && value ? outPath);
    raw = types.anything // {
      name = "raw";
      description = "raw value";
      merge = loc: values:
        if length values == 1 then head values
        else throw "The option `${show loc}' is defined multiple times";
    };
    anything = simple "anything" "anything" (_: true);
    enum = values: simple "enum"
      "one of ${concatStringsSep ", " (map (value: "\"${value}\"") values)}"
      (value: elem value values);
    nullOr = type: type // {
      description = "null or ${inside type}";
      words = 3;
      check = value: value == null || type.check value;
      merge = loc: values:
        if all (value: value == null) values then null else merge loc type values;
    };
    listOf = type: {
      name = "listOf";
      description = "list of ${inside type}";
      words = 3;
      inherit (type) getSubOptions;
      check = isList;
      merge = loc: values: map (value: merge loc type [ value ]) (concatLists values);
    };
    lazyAttrsOf = type: {
      name = "lazyAttrsOf";
      description = "lazy attribute set of ${inside type}";
      words = 3;
      inherit (type) getSubOptions;
      check = isAttrs;
      merge = loc: values: listToAttrs (map
        (name: {
          inherit name;
          value = merge (loc ++ [ name ]) type (map (set: set.${name}) (having name values));
        })
        (names values));
    };
    submodule = module: types.submodules { } [ module ];
    submodules = given: modules: {
      inherit modules;
      name = "submodule";
      description = "submodule";
      words = 2; # a manual puts it into parentheses
      getSubOptions = _: (evalModules ({ inherit modules; } // given)).options;
      check = value: isAttrs value || isFunction value || isPath value;
      merge = loc: values: (evalModules ({ inherit loc; modules = modules ++ values; } // given)).config;
      # Declared more than once, such an option is one with the modules of all.
      join = more: types.submodules given (modules ++ more.modules);
    };
    deferred = modules: {
      inherit modules;
      name = "deferredModule";
      description = "module";
      check = types.raw.check;
      merge = loc: values: modules ++ values;
      join = more: types.deferred (modules ++ more.modules);
    };
  };

  merge = loc: type: given:
    let values = best given;
    in
    if all type.check values then type.merge loc values
    else throw "A definition for option `${show loc}' is not of type `${type.description}'";

  declare = declared:
    if !any isOption declared then
      listToAttrs
        (map (name: { inherit name; value = declare (map (set: set.${name}) (having name declared)); })
          (names declared))
    else
      foldl' (one: other: one // other // { type = one.type.join other.type; })
        (head declared)
        (builtins.tail declared);

  evalModules = { modules, arguments ? { }, loc ? [ ], freeform ? null }:
    let
      load = module:
        let
          value = if isPath module || isString module then import module else module;
          set = if isFunction value then value (given // { lib = lib // moduleLib; }) else value;
          whole =
            if set ? options || set ? config then { imports = [ ]; options = { }; config = { }; } // set
            else { imports = set.imports or [ ]; options = { }; config = removeAttrs set [ "imports" ]; };
        in
        [ whole ] ++ concatMap load whole.imports;
      given = arguments // { inherit config options; };
      loaded = concatMap load modules;
      options = declare (map (one: one.options) loaded);

      value = loc: option: values:
        let
          all = values ++ (if option ? default then [{
            _type = "override";
            priority = 1500;
            content = option.default;
          }] else [ ]);
        in
        if (option.readOnly or false) && values != [ ]
        then throw "The option `${show loc}' is read-only, but it is set multiple times"
        else if concatMap discharge all == [ ]
        then throw "The option `${show loc}' was accessed but has no value defined"
        else merge loc option.type all;
      walk = loc: options: values:
        let
          sets = best values;
          unknown = filter (name: !(options ? ${name})) (names sets);
        in
        if unknown != [ ] && freeform == null
        then throw "The option `${show (loc ++ [ (head unknown) ])}' does not exist"
        else
          mapAttrs
            (name: option:
              (if isOption option then value else walk) (loc ++ [ name ]) option
                (map (set: set.${name}) (having name sets)))
            options
          // listToAttrs (map
            (name: {
              inherit name;
              value = merge (loc ++ [ name ]) freeform (map (set: set.${name}) (having name sets));
            })
            unknown);
      config = walk loc options (map (one: one.config) loaded);
    in
    { inherit config options; };

  moduleLib = {
    inherit types evalModules;
    mkOption = option: option // { _type = "option"; };
    mkIf = condition: content: { _type = "if"; inherit condition content; };
    mkDefault = content: { _type = "override"; priority = 1000; inherit content; };
    literalExpression = text: { _type = "literalExpression"; inherit text; };
    filterAttrs = keep: set: removeAttrs set (filter (name: !keep name set.${name}) (attrNames set));
    optional = condition: value: if condition then [ value ] else [ ];
    optionalAttrs = condition: set: if condition then set else { };
    throwIf = condition: message: value: if condition then throw message else value;
    inherit mapAttrs concatStringsSep;
  };

  parts = {
    mkSubmoduleOptions = options: moduleLib.mkOption { type = types.submodule { inherit options; }; };
    mkPerSystemOption = module: moduleLib.mkOption { type = types.deferred [ module ]; };
  };

  outputs = [ "packages" "apps" "checks" "devShells" ];
  mkFlake = { inputs }: module:
    let
      forSystem = perSystem: system: (evalModules {
        modules = perSystem ++ [{
          options = listToAttrs (map
            (name: {
              inherit name;
              value = moduleLib.mkOption { type = types.lazyAttrsOf types.anything; default = { }; };
            })
            outputs);
        }];
        loc = [ "perSystem" ];
        arguments = { inherit system; pkgs = inputs.nixpkgs.legacyPackages.${system}; };
      }).config;
      core = { config, ... }: {
        options = {
          systems = moduleLib.mkOption { type = types.listOf types.str; };
          allSystems = moduleLib.mkOption { type = types.lazyAttrsOf types.raw; };
          flake = moduleLib.mkOption {
            type = types.submodules { freeform = types.raw; } [ ];
            default = { };
          };
          perSystem = moduleLib.mkOption { type = types.deferred [ ]; default = { }; };
        };
        config = {
          allSystems = lib.genAttrs config.systems (forSystem config.perSystem);
          flake = lib.genAttrs outputs
            (name: mapAttrs (_: system: system.${name}) config.allSystems);
        };
      };
    in
    (evalModules {
      modules = [ core module ];
      arguments = { inherit inputs; inherit (inputs) self; flake-parts-lib = parts; };
    }).config.flake;
in
{
  inherit mkFlake moduleLib;
  inherit (parts) mkPerSystemOption mkSubmoduleOptions;
}
