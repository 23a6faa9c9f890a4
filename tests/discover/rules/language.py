"""Random expressions of the Nix language: mostly sound ones, of known types."""

from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

# "int", "float", "bool", "str", "null", ("list", T), ("set", ((name, T), …)), ("fun", T, T)
Type: TypeAlias = "str | tuple[Any, ...]"
Part: TypeAlias = Callable[[Type], str]

NAMES = ["a", "b", "c", "x", "y", "foo-bar", "q'", "_z", "map", "true'", "inherits"]
TEXTS = [
    "", "a", "b", "abc", "ssh-ed25519 AAAA me@host", "x y", "a.b", "é", "$", "$$", "\\n", "''", "'",
    "  ", "#", "/", "a/b.pub", "-1", "null", "age1qyq",
]  # fmt: skip
SIMPLE = ["int", "bool", "str", "null"]


class Writer:
    """Writes expressions; `scope` holds the names that are bound, with their types."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def any_type(self, depth: int) -> Type:
        kinds = SIMPLE + ["str", "str"] + (["list", "set", "set", "float"] if depth > 0 else [])
        kind = self.random.choice(kinds)
        if kind == "list":
            return ("list", self.any_type(depth - 1))
        if kind == "set":
            names = sorted(self.random.sample(NAMES, self.random.randint(0, 3)))
            return ("set", tuple((name, self.any_type(depth - 1)) for name in names))
        return kind

    def expression(self, kind: Type, depth: int, scope: dict[str, Type]) -> str:
        """Return an expression of a type, that can stand anywhere."""
        if self.random.random() < 0.02:
            kind = self.any_type(1)
        choices = [self.literal, self.variable]
        if depth > 0:
            choices += [
                self.literal, self.operation, self.operation, self.builtin, self.builtin,
                self.bound, self.chosen, self.applied, self.selected, self.pattern,
            ]  # fmt: skip
        text = self.random.choice(choices)(kind, depth - 1, scope)
        if self.random.random() < 0.03:
            text = f"/* c */ {text} # d\n"
        return text

    def operand(self, kind: Type, depth: int, scope: dict[str, Type]) -> str:
        """Return an expression that can stand beside an operator."""
        text = self.expression(kind, depth, scope)
        if self.random.random() < 0.4 and not text.startswith(("let", "if", "with", "assert", "{")):
            return text
        return f"({text})"

    def atom(self, kind: Type, depth: int, scope: dict[str, Type]) -> str:
        return f"({self.expression(kind, depth, scope)})"

    def literal(self, kind: Type, depth: int, scope: dict[str, Type]) -> str:
        random = self.random
        if kind == "int":
            return str(random.choice([0, 1, 2, 3, 7, 10, 255, 2**31, 2**62, 9223372036854775807]))
        if kind == "float":
            return random.choice(["0.5", "1.0", ".25", "2.e2", "1.5e-3", "100.125"])
        if kind == "bool":
            return random.choice(["true", "false"])
        if kind == "null":
            return "null"
        if kind == "str":
            return self.string(depth, scope)
        assert isinstance(kind, tuple)
        if kind[0] == "list":
            inner: Type = kind[1]
            count = random.randint(0, 3)
            return f"[ {' '.join(self.atom(inner, depth - 1, scope) for _ in range(count))} ]"
        if kind[0] == "fun":
            name = random.choice(NAMES)
            argument, result = kind[1:]
            body = self.expression(result, depth - 1, {**scope, name: argument})
            return f"({name}: {body})"
        return self.set_literal(kind[1], depth, scope)

    def string(self, depth: int, scope: dict[str, Type]) -> str:
        random = self.random
        if random.random() < 0.15:
            return random.choice(['"a\\tb"', '"\\${x}"', '"$${x}"', '"a\\"b"', "''a''", '"\\$"',
                "''\n  a\n    b\n ''", "''''${x}''", "'' ''\\t ''' $''", "''a\n\n  b''", '"$$"',
                "https://example.org/x?y=1", "''  x\n   y\n  ''"])  # fmt: skip
        pieces: list[str | None] = []
        for _ in range(random.randint(0, 3)):
            if depth > 0 and random.random() < 0.4:
                pieces.append("${" + self.expression("str", depth - 1, scope) + "}")
            else:
                pieces.append(None)
        if random.random() < 0.6:
            texts = [t for t in TEXTS if "$" not in t]
            return '"' + "".join(one or random.choice(texts) for one in pieces) + '"'
        texts = [" ", "a", "\n", "\n  ", "  ", "b c", "''$", "''\\n", "'''", "x\n", "''\\t", "$ "]
        body = "".join(
            one or "".join(random.choice(texts) for _ in range(random.randint(1, 5)))
            for one in pieces
        )
        return f"''{body}''"

    def set_literal(
        self, attributes: tuple[tuple[str, Type], ...], depth: int, scope: dict[str, Type]
    ) -> str:
        random = self.random
        recursive = random.random() < 0.3
        written: list[str] = []
        inner = {**scope, **dict(attributes)} if recursive else scope
        for name, kind in attributes:
            if scope.get(name) == kind and random.random() < 0.3:
                written.append(f"inherit {name};")
                continue
            if random.random() < 0.1:
                source = self.atom(("set", ((name, kind),)), depth - 1, inner)
                written.append(f"inherit ({source}) {name};")
                continue
            # A value may refer to others of a `rec`; to itself rarely: that never ends.
            visible = {key: value for key, value in inner.items() if key != name}
            if isinstance(kind, tuple) and kind[0] == "set" and kind[1] and random.random() < 0.4:
                for deeper, deeper_kind in kind[1]:
                    value = self.expression(deeper_kind, depth - 1, visible)
                    written.append(f"{name}.{deeper} = {value};")
                continue
            value = self.expression(kind, depth - 1, visible)
            shown = name
            if random.random() < 0.2:
                shown = random.choice([f'"{name}"', f'${{"{name}"}}', f'"${{"{name}"}}"'])
            written.append(f"{shown} = {value};")
        if random.random() < 0.05:
            written.append("${null} = 1;")
        random.shuffle(written)
        return ("rec " if recursive else "") + "{ " + " ".join(written) + " }"

    def variable(self, kind: Type, depth: int, scope: dict[str, Type]) -> str:
        fitting = [name for name, bound in scope.items() if bound == kind]
        if fitting:
            return self.random.choice(fitting)
        return self.literal(kind, depth, scope)

    def bound(self, kind: Type, depth: int, scope: dict[str, Type]) -> str:
        """Return a `let` or a `with`."""
        names = tuple(
            (name, self.any_type(1))
            for name in self.random.sample(NAMES, self.random.randint(1, 3))
        )
        inner = {**scope, **dict(names)}
        if self.random.random() < 0.4:
            weaker = {**dict(names), **scope}
            body = self.expression(kind, depth - 1, weaker)
            return f"with {self.expression(('set', names), depth - 1, scope)}; {body}"
        bindings = self.set_literal(names, depth, inner).removeprefix("rec ")[1:-1]
        return f"let {bindings} in {self.expression(kind, depth - 1, inner)}"

    def chosen(self, kind: Type, depth: int, scope: dict[str, Type]) -> str:
        condition = self.expression("bool", depth - 1, scope)
        if self.random.random() < 0.2:
            return f"assert {condition}; {self.expression(kind, depth - 1, scope)}"
        one, other = (self.expression(kind, depth - 1, scope) for _ in range(2))
        return f"if {condition} then {one} else {other}"

    def applied(self, kind: Type, depth: int, scope: dict[str, Type]) -> str:
        argument = self.any_type(1)
        function = self.literal(("fun", argument, kind), depth, scope)
        if self.random.random() < 0.1:
            function = f"{{ __functor = self: {function}; }}"
        return f"{function} {self.atom(argument, depth - 1, scope)}"

    def pattern(self, kind: Type, depth: int, scope: dict[str, Type]) -> str:
        random = self.random
        names = [(name, self.any_type(1)) for name in random.sample(NAMES, random.randint(0, 3))]
        inner = {**scope, **dict(names)}
        formals, given = [], []
        for name, formal_kind in names:
            visible = {key: value for key, value in inner.items() if key != name}
            if random.random() < 0.4:
                default = self.expression(formal_kind, depth - 1, visible)
                formals.append(f"{name} ? {default}")
                if random.random() < 0.5:
                    continue
            else:
                formals.append(name)
            given.append((name, formal_kind))
        if random.random() < 0.3:
            formals.append("...")
            given.append(("extra", "int"))
        written = "{ " + ", ".join(formals) + " }"
        if random.random() < 0.3:
            whole = "args"
            inner["args"] = ("set", tuple(given))
            written = random.choice([f"{written}@{whole}", f"{whole}@{written}"])
        body = self.expression(kind, depth - 1, inner)
        return f"({written}: {body}) {self.atom(('set', tuple(given)), depth - 1, scope)}"

    def selected(self, kind: Type, depth: int, scope: dict[str, Type]) -> str:
        random = self.random
        name = random.choice(NAMES)
        subject = self.atom(("set", ((name, kind),)), depth - 1, scope)
        shown = random.choice([name, name, f'"{name}"', f'${{"{name}"}}'])
        if random.random() < 0.3:
            wanted = random.choice([shown, "missing", f"{shown}.deeper", "missing.deeper"])
            return f"{subject}.{wanted} or {self.atom(kind, depth - 1, scope)}"
        return f"{subject}.{shown}"

    def operation(self, kind: Type, depth: int, scope: dict[str, Type]) -> str:
        random = self.random

        def part(of: Type) -> str:
            return self.operand(of, depth - 1, scope)

        if kind in ("int", "float"):
            operator = random.choice([" + ", " - ", " * ", " / ", "+", "*"])
            if random.random() < 0.15:
                return f"-{part(kind)}"
            return f"{part(kind)}{operator}{part(kind)}"
        if kind == "str":
            return f"{part('str')} + {part('str')}"
        if kind == "bool":
            other = self.any_type(2)
            makers: list[Callable[[], str]] = [
                lambda: f"{part('bool')} && {part('bool')}",
                lambda: f"{part('bool')} || {part('bool')}",
                lambda: f"{part('bool')} -> {part('bool')}",
                lambda: f"!{part('bool')}",
                lambda: f"{part(other)} == {part(other)}",
                lambda: f"{part(other)} != {part(other)}",
                lambda: f"{part('int')} {random.choice(['<', '>', '<=', '>='])} {part('int')}",
                lambda: f"{part('str')} {random.choice(['<', '>', '<=', '>='])} {part('str')}",
                lambda: f"{part(('list', 'int'))} < {part(('list', 'int'))}",
                lambda: f"{part(other)} ? a",
                lambda: f"{part(('set', (('a', other),)))} ? a.b",
                lambda: f'{part(("set", (("a", other),)))} ? "a"',
            ]
            return random.choice(makers)()
        if isinstance(kind, tuple) and kind[0] == "list":
            return f"{part(kind)} ++ {part(kind)}"
        if isinstance(kind, tuple) and kind[0] == "set":
            return f"{part(kind)} // {part(kind)}"
        return self.literal(kind, depth, scope)

    def builtin(self, kind: Type, depth: int, scope: dict[str, Type]) -> str:
        random = self.random

        def part(of: Type) -> str:
            return self.atom(of, depth - 1, scope)

        some = self.any_type(1)
        general = [
            f"builtins.head {part(('list', kind))}",
            f"builtins.elemAt {part(('list', kind))} {part('int')}",
            f"builtins.seq {part(some)} {part(kind)}",
            f"builtins.deepSeq {part(some)} {part(kind)}",
            f"builtins.getAttr {part('str')} {part(('set', (('a', kind),)))}",
            f"(builtins.tryEval {part(kind)}).value",
            f"builtins.foldl' {part(('fun', kind, ('fun', 'int', kind)))} {part(kind)} [ 1 2 ]",
            f"throw {part('str')}",
        ]
        make: Callable[[Type, Part, Type], str] | None = getattr(
            self, f"_{kind if isinstance(kind, str) else kind[0]}_builtin", None
        )
        if make is None or random.random() < 0.25:
            return random.choice(general)
        return make(kind, part, some)

    def _int_builtin(self, _kind: Type, part: Part, some: Type) -> str:
        return self.random.choice(
            [
                f"builtins.length {part(('list', some))}",
                f"builtins.stringLength {part('str')}",
                f"builtins.add {part('int')} {part('int')}",
                f"builtins.sub {part('int')} {part('int')}",
                f"builtins.div {part('int')} {part('int')}",
                f"builtins.bitXor {part('int')} {part('int')}",
                f"builtins.bitAnd {part('int')} {part('int')}",
                f"builtins.floor {part('float')}",
                f"builtins.ceil {part('float')}",
            ]
        )

    def _bool_builtin(self, _kind: Type, part: Part, some: Type) -> str:
        asked = self.random.choice(
            ["isAttrs", "isString", "isList", "isInt", "isBool", "isFloat", "isFunction", "isNull"]
        )
        return self.random.choice(
            [
                f"builtins.{asked} {part(some)}",
                f"builtins.elem {part(some)} {part(('list', some))}",
                f"builtins.all {part(('fun', some, 'bool'))} {part(('list', some))}",
                f"builtins.any {part(('fun', some, 'bool'))} {part(('list', some))}",
                f"builtins.hasAttr {part('str')} {part(('set', (('a', some),)))}",
                f"builtins.lessThan {part('int')} {part('int')}",
                f"(builtins.tryEval {part(some)}).success",
                "builtins ? map",
            ]
        )

    def _str_builtin(self, _kind: Type, part: Part, some: Type) -> str:
        return self.random.choice(
            [
                f"toString {part(some)}",
                f"builtins.typeOf {part(some)}",
                f"builtins.toJSON {part(some)}",
                f"builtins.concatStringsSep {part('str')} {part(('list', 'str'))}",
                f"builtins.substring {self.random.randint(0, 3)} {part('int')} {part('str')}",
                f"builtins.replaceStrings [ {part('str')} ] [ {part('str')} ] {part('str')}",
                f"baseNameOf {part('str')}",
                f"dirOf {part('str')}",
                f'builtins.hashString "sha256" {part("str")}',
                f"toString {{ __toString = self: {part('str')}; }}",
                f'"${{{{ outPath = {part("str")}; }}}}"',
                f'builtins.concatStringsSep "," (builtins.attrNames {part(some)})',
                f"builtins.toJSON (builtins.functionArgs ({{ a, b ? {part('int')} }}: a))",
            ]
        )

    def _list_builtin(self, kind: Type, part: Part, some: Type) -> str:
        inner = kind[1]
        choices = [
            f"map {part(('fun', some, inner))} {part(('list', some))}",
            f"builtins.filter {part(('fun', inner, 'bool'))} {part(kind)}",
            f"builtins.concatLists {part(('list', kind))}",
            f"builtins.concatMap {part(('fun', some, kind))} {part(('list', some))}",
            f"builtins.genList {part(('fun', 'int', inner))} {self.random.randint(0, 4)}",
            f"builtins.tail {part(kind)}",
            f"builtins.attrValues {part(('set', (('b', inner), ('a', inner))))}",
            f'builtins.catAttrs "a" {part(("list", ("set", (("a", inner),))))}',
            f"(builtins.partition {part(('fun', inner, 'bool'))} {part(kind)}).wrong",
        ]
        if inner in ("int", "str"):
            choices.append(f"builtins.sort builtins.lessThan {part(kind)}")
            choices.append(f"builtins.sort (a: b: b < a) {part(kind)}")
        if inner == "str":
            choices.append(f'builtins.filter builtins.isString (builtins.split " " {part("str")})')
            choices.append(f"builtins.attrNames {part(some)}")
        return self.random.choice(choices)

    def _set_builtin(self, kind: Type, part: Part, _some: Type) -> str:
        attributes: tuple[tuple[str, Type], ...] = tuple(kind[1])  # type: ignore[arg-type]
        pairs = " ".join(
            f'{{ name = "{name}"; value = {part(inner)}; }}' for name, inner in attributes
        )
        return self.random.choice(
            [
                f"builtins.listToAttrs [ {pairs} ]",
                f"removeAttrs {part(kind)} [ {part('str')} ]",
                f"builtins.intersectAttrs {part(kind)} {part(kind)}",
                f"builtins.mapAttrs (name: value: value) {part(kind)}",
                f"builtins.fromJSON (builtins.toJSON {part(kind)})",
            ]
        )


def match_or_split(random: Random) -> str:
    """Return a call of `match` or `split` with a random POSIX expression and text."""
    text = "".join(random.choice("aab- \n" if random.random() < 0.1 else "aab-") for _ in range(8))
    shown = text[: random.randint(0, 8)].replace("\n", "\\n")
    called = random.choice(["match", "split"])
    return f'builtins.{called} "{_posix(random, 3)}" "{shown}"'


def _posix(random: Random, depth: int) -> str:
    single = ["a", "b", ".", "[ab]", "[^a]", "-", "[[:alpha:]]", "[a-b]", "\\\\."]
    if depth == 0:
        return random.choice(single)
    inner = [_posix(random, depth - 1) for _ in range(2)]
    quantifier = random.choice(["*", "+", "?", "{2}", "{1,2}", "{0,1}", "{1,}"])
    return random.choice(
        [
            random.choice(single),
            f"({inner[0]})",
            f"({inner[0]}){quantifier}",
            f"{random.choice(single)}{quantifier}",
            f"{inner[0]}{inner[1]}",
            f"{inner[0]}{inner[1]}",
            f"({inner[0]}|{inner[1]})",
            f"{inner[0]}|{inner[1]}",
            f"^{inner[0]}",
            f"{inner[0]}$",
        ]
    )
