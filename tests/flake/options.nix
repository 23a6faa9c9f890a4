# The options of nix/flake-module.nix as a list, for docs/flake-parts.md.
lib:

let
  inherit (builtins) attrNames concatMap concatStringsSep isAttrs isBool isList isString map toJSON;

  module = import ../../nix/flake-module.nix { package = _: { }; lock = _: { }; build = _: { }; } {
    inherit lib;
    self = { };
    config.allSystems = { };
    flake-parts-lib = {
      mkSubmoduleOptions = options: options;
      mkPerSystemOption = options: options;
    };
  };
  perSystem = (module.options.perSystem { config = { }; options = { }; pkgs = { }; system = ""; }).options;

  literal = value:
    if isAttrs value && (value._type or null) == "literalExpression" then value.text
    else if isList value then "[ ${concatStringsSep " " (map literal value)} ]"
    else if isAttrs value then
      if value == { } then "{ }"
      else "{ ${concatStringsSep " " (map (name: "${name} = ${literal value.${name}};") (attrNames value))} }"
    else toJSON value;

  describe = name: option: {
    inherit name;
    inherit (option) description;
    type = option.type.description;
    readOnly = option.readOnly or false;
    default = if option ? default then literal (option.defaultText or option.default) else null;
    example = if option ? example then literal option.example else null;
  };

  walk = name: options:
    if (options._type or null) == "option"
    then [ (describe name options) ] ++ walk name (options.type.getSubOptions [ ])
    else
      concatMap (key: walk "${name}.${key}" options.${key})
        (builtins.filter (key: key != "_module") (attrNames options));
in
walk "perSystem" perSystem ++ walk "flake" module.options.flake
