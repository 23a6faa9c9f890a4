# As much of nixpkgs as flake.nix and nix/ use. What would build a package gives its arguments back;
# `runCommand` really builds, with the machine's own programs.
{
  outputs = { self }:
    let
      inherit (builtins)
        compareVersions concatStringsSep fromJSON functionArgs intersectAttrs isFunction listToAttrs
        map replaceStrings;

      lib = {
        genAttrs = names: make: listToAttrs (map (name: { inherit name; value = make name; }) names);
        getExe = package: "${package}/bin/${package.meta.mainProgram}";
        versionAtLeast = left: right: compareVersions left right >= 0;
        versionOlder = left: right: compareVersions left right < 0;
        trivial.release = "26.05";
        optional = condition: one: if condition then [ one ] else [ ];
        makeBinPath = packages: concatStringsSep ":" (map (package: "${package}/bin") packages);
        optionals = condition: list: if condition then list else [ ];
        escapeShellArgs = args:
          concatStringsSep " " (map (arg: "'${replaceStrings [ "'" ] [ "'\\''" ] arg}'") args);
        fileset = {
          unions = files: map toString files;
          toSource = source: source // { root = toString source.root; };
        };
        licenses.mit = "MIT";
        sourceTypes.binaryNativeCode = "binaryNativeCode";
      };

      named = name: { inherit name; outPath = "/${name}"; };

      toml = value:
        if builtins.isList value then "[${concatStringsSep ", " (map toml value)}]"
        else if builtins.isAttrs value
        then "{${concatStringsSep ", " (map (key: "${key} = ${toml value.${key}}") (builtins.attrNames value))}}"
        else builtins.toJSON value;

      packagesFor = system: gitpython:
        let
          variables = fromJSON @variables@;
          build = name: arguments: script: derivation (arguments // variables // {
            inherit name system;
            builder = "/bin/sh";
            args = [ "-euc" script ];
          });
          program = build "agenix-check" { } ''
            mkdir -p $out/bin
            printf '#!/bin/sh\n%s "$@"\n' '${fromJSON @command@}' > $out/bin/agenix-check
            chmod +x $out/bin/agenix-check
          '';
          packages = programs // {
            inherit lib callPackage;
            runCommand = name: arguments: script:
              build name (removeAttrs arguments [ "nativeBuildInputs" ]) ''
                export PATH=${lib.makeBinPath arguments.nativeBuildInputs}:$PATH
                ${script}
              '';
            gitMinimal = named "git";
            rage = build "rage" { } "mkdir -p $out/bin; touch $out/bin/rage" // {
              meta.mainProgram = "rage";
            };
            sealer = named "sealer" // { type = "derivation"; meta.mainProgram = "sealer"; };
            mkShell = arguments: build "shell" { inherit (arguments) packages; } "touch $out" // {
              given = arguments;
            };
            writeShellScriptBin = name: text: build name { inherit text; passAsFile = [ "text" ]; } ''
              mkdir -p $out/bin
              { echo '#!/bin/sh'; cat "$textPath"; } >$out/bin/${name}
              chmod +x $out/bin/${name}
            '' // { meta.mainProgram = name; };
            # Enough of TOML for settings: what JSON and TOML write alike, and tables inside of a line.
            formats.toml = { }: {
              generate = name: value: builtins.toFile name (concatStringsSep "" (map
                (key: "${key} = ${toml value.${key}}\n")
                (builtins.attrNames value)));
            };
            autoPatchelfHook = named "autoPatchelfHook";
            installShellFiles = named "installShellFiles";
            stdenv = {
              hostPlatform = { inherit system; isLinux = builtins.match ".*-linux" system != null; };
              cc.cc.lib = named "libgcc";
            };
            python3Packages = {
              # Forced, so that what cannot be evaluated fails; shown as what it was given.
              buildPythonApplication = given:
                builtins.deepSeq given (program // { inherit given; inherit (given) meta; });
              buildPythonPackage = given: builtins.deepSeq given { inherit given; };
              fetchPypi = given: given;
              gitpython = {
                version = gitpython;
                overridePythonAttrs = given: { inherit given; };
              };
            } // lib.genAttrs [ "hatchling" "jinja2" "junit-xml" "tqdm" "tree-sitter" ] named;
          };
          programs = lib.genAttrs
            [
              "age" "chromedriver" "chromium" "fish" "git" "gnumake" "man" "mandoc" "nix" "nodejs" "openssh" "python311" "zsh"
              "python313"
            ]
            named;
          callPackage = file: more:
            let make = if isFunction file then file else import file;
            in make (intersectAttrs (functionArgs make) packages // more);
        in
        packages;

      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs systems (system: packagesFor system "3.1.45");
      newer = lib.genAttrs systems (system: packagesFor system "3.3");
    };
}
