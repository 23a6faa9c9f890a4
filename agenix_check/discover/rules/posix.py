"""POSIX extended expressions of `match` and `split`; one match takes time linear in the text.

Nix gives them to the machine's C++ library, which looks for a match in a certain order. All states
are followed at once here, in that order; what the library could see otherwise is refused.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from agenix_check.discover.rules.values import EvaluationError, RefusedError

_MOST_MATCHER_STATES = 2000
_MOST_REPEATED = 100
_STEPS_A_STATE = 4
_SPECIAL = b".[]()*+?{}|^$\\"
_CLASSES = {
    b"alpha": b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    b"digit": b"0123456789",
    b"lower": b"abcdefghijklmnopqrstuvwxyz",
    b"upper": b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    b"alnum": b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    b"xdigit": b"0123456789abcdefABCDEF",
    b"space": b" \t\n\v\f\r",
    b"blank": b" \t",
    b"punct": b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
}
_ANY = frozenset(range(1, 256))

Groups: TypeAlias = tuple[bytes | None, ...]


class _State(NamedTuple):
    """A state: it takes a byte of `takes`, or goes on at once; `then` in order of preference."""

    then: list[int]
    takes: frozenset[int] | None = None
    slot: int | None = None  # where the position is noted
    anchor: str | None = None


class _Piece(NamedTuple):
    """A part of an expression: `build` adds its states and returns the first of them."""

    build: "Callable[[list[_State], int], int]"
    nullable: bool


class Pattern:
    """A compiled expression; raises `RefusedError` for what it does not know."""

    def __init__(self, expression: bytes) -> None:
        parser = _ExpressionParser(expression)
        piece = parser.alternatives()
        if parser.at < len(expression):
            raise _unknown(expression)
        self.groups = parser.groups
        self.anchored = parser.anchored
        self._states: list[_State] = [_State([])]  # the first one is the end
        self._start = piece.build(self._states, 0)

    def match(self, text: bytes, spend: Callable[[int], None]) -> Groups | None:
        """Return what the groups took of a text that matches as a whole, or None."""
        self._check(text)
        threads = self._follow([(self._start, (-1,) * (2 * self.groups))], 0, text)
        for at, byte in enumerate(text):
            spend(_STEPS_A_STATE * (1 + len(threads)))
            threads = self._step(threads, at, byte, text)
        for state, slots in threads:
            if state == 0:
                return self._taken(slots, text)
        return None

    def split(self, text: bytes, spend: Callable[[int], None]) -> Iterator[bytes | Groups]:
        """Yield the texts between matches, and between them what the groups of each took."""
        self._check(text)
        begin = at = 0
        while at <= len(text):
            end, slots = self._match_from(text, at, spend)
            if end is None:
                at += 1
                continue
            if end == at:
                raise RefusedError("an expression of `split` that matches nothing at all")
            yield text[begin:at]
            yield self._taken(slots, text)
            begin = at = end
        yield text[begin:]

    def _match_from(
        self, text: bytes, start: int, spend: Callable[[int], None]
    ) -> tuple[int | None, tuple[int, ...]]:
        """Return where the preferred match ends; it must be the longest one too."""
        slots: tuple[int, ...] = (-1,) * (2 * self.groups)
        threads = self._follow([(self._start, slots)], start, text)
        preferred, longest = None, None
        decided = False
        for at in range(start, len(text) + 1):
            spend(_STEPS_A_STATE * (1 + len(threads)))
            for number, (state, seen) in enumerate(threads):
                if state == 0:
                    longest = at
                    # Only what is preferred to this match can replace it.
                    if not decided or number < self._rank:
                        preferred, slots = at, seen
                        decided, self._rank = True, number
            if at == len(text) or not threads:
                break
            threads = self._step_ranked(threads, at, text, decided=decided)
        if preferred != longest:
            raise RefusedError("an expression of `split` whose longest match is not its first")
        return preferred, slots

    _rank = 0

    def _step_ranked(
        self, threads: list[tuple[int, tuple[int, ...]]], at: int, text: bytes, *, decided: bool
    ) -> list[tuple[int, tuple[int, ...]]]:
        """Step, and keep count of how many threads are preferred to the match so far."""
        if not decided:
            return self._step(threads, at, text[at], text)
        better = self._step(threads[: self._rank], at, text[at], text)
        rank = len(better)
        every = self._step(threads, at, text[at], text)
        self._rank = rank
        return every

    def _step(
        self, threads: list[tuple[int, tuple[int, ...]]], at: int, byte: int, text: bytes
    ) -> list[tuple[int, tuple[int, ...]]]:
        taken = []
        for state, slots in threads:
            takes = self._states[state].takes
            if takes is not None and byte in takes:
                taken.append((self._states[state].then[0], slots))
        return self._follow(taken, at + 1, text)

    def _follow(
        self, starts: list[tuple[int, tuple[int, ...]]], at: int, text: bytes
    ) -> list[tuple[int, tuple[int, ...]]]:
        """Return the states that wait for a byte, or the end, in order of preference."""
        seen: set[int] = set()
        found = []
        waiting = list(reversed(starts))
        while waiting:
            number, slots = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            state = self._states[number]
            if state.takes is not None or number == 0:
                found.append((number, slots))
                continue
            if state.anchor is not None and at != (0 if state.anchor == "^" else len(text)):
                continue
            if state.slot is not None:
                slots = (*slots[: state.slot], at, *slots[state.slot + 1 :])
            waiting.extend((following, slots) for following in reversed(state.then))
        return found

    def _taken(self, slots: tuple[int, ...], text: bytes) -> Groups:
        return tuple(
            text[slots[2 * group] : slots[2 * group + 1]] if slots[2 * group + 1] >= 0 else None
            for group in range(self.groups)
        )

    def _check(self, text: bytes) -> None:
        if self.anchored and b"\n" in text:
            raise RefusedError("an anchor, where the text has several lines")


class _ExpressionParser:
    """Reads an expression into pieces."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.at = 0
        self.groups = 0
        self.anchored = False
        if any(byte > 127 for byte in source):
            raise _unknown(source)

    def alternatives(self) -> _Piece:
        """Read `a|b|…`."""
        pieces = [self._sequence()]
        while self._peek() == b"|":
            self.at += 1
            pieces.append(self._sequence())
        return pieces[0] if len(pieces) == 1 else _choice(pieces)

    def _sequence(self) -> _Piece:
        pieces = []
        while self._peek() not in (b"", b"|", b")"):
            pieces.append(self._repeated())
        if not pieces:
            raise _unknown(self.source)
        return pieces[0] if len(pieces) == 1 else _chain(pieces)

    def _repeated(self) -> _Piece:
        begin = self.at
        piece = self._single()
        quantifier = self._peek()
        if quantifier not in (b"*", b"+", b"?", b"{"):
            return piece
        if piece.nullable or self.source[begin : begin + 1] in (b"^", b"$"):
            raise _unknown(self.source)
        least, most = self._bounds(quantifier)
        if self._peek() in (b"*", b"+", b"?", b"{"):
            raise _unknown(self.source)
        return _repeat(piece, least, most)

    def _bounds(self, quantifier: bytes) -> tuple[int, int | None]:
        self.at += 1
        if quantifier != b"{":
            return (1 if quantifier == b"+" else 0), (1 if quantifier == b"?" else None)
        inside, closed, _ = self.source[self.at :].partition(b"}")
        low, comma, high = inside.partition(b",")
        if not closed or not low.isdigit() or (high and not high.isdigit()):
            raise _unknown(self.source)
        self.at += len(inside) + 1
        least = int(low[:4])
        most = int(high[:4]) if high else None if comma else least
        if max(least, most or 0) > _MOST_REPEATED or (most is not None and most < least):
            raise _unknown(self.source)
        return least, most

    def _single(self) -> _Piece:
        one = self._peek()
        self.at += 1
        if one == b"(":
            return self._group()
        if one == b"[":
            return _taking(self._bracket())
        if one == b".":
            return _taking(_ANY)
        if one in (b"^", b"$"):
            self.anchored = True
            return _anchor(one.decode())
        if one == b"\\":
            one = self._peek()
            self.at += 1
            if not one or one not in _SPECIAL:
                raise _unknown(self.source)
        elif one in _SPECIAL:
            raise _unknown(self.source)
        return _taking(frozenset(one))

    def _group(self) -> _Piece:
        number = self.groups
        self.groups += 1
        inner = self.alternatives()
        if self._peek() != b")":
            raise _unknown(self.source)
        self.at += 1
        return _grouped(inner, number)

    def _bracket(self) -> frozenset[int]:
        """Read `[…]` after its first character; a backslash is one there."""
        negated = self._peek() == b"^"
        self.at += negated
        members: set[int] = set()
        first = True
        while first or self._peek() != b"]":
            first = False
            one = self._peek()
            if not one:
                raise _unknown(self.source)
            if one == b"[" and self.source[self.at + 1 : self.at + 2] in (b":", b".", b"="):
                members.update(self._class())
                if self._peek() == b"-" and self.source[self.at + 1 : self.at + 2] != b"]":
                    raise _unknown(self.source)
                continue
            self.at += 1
            last = one
            if self._peek() == b"-" and self.source[self.at + 1 : self.at + 2] not in (b"]", b""):
                last = self.source[self.at + 1 : self.at + 2]
                self.at += 2
                if last < one or last in b"[-" or one == b"-":
                    raise _unknown(self.source)
            members.update(range(one[0], last[0] + 1))
        self.at += 1
        return frozenset(range(256)) - members if negated else frozenset(members)

    def _class(self) -> bytes:
        for name, members in _CLASSES.items():
            text = b"[:" + name + b":]"
            if self.source.startswith(text, self.at):
                self.at += len(text)
                return members
        raise _unknown(self.source)

    def _peek(self) -> bytes:
        return self.source[self.at : self.at + 1]


def _unknown(source: bytes) -> EvaluationError:
    return RefusedError(f"the expression {source.decode('utf-8', 'replace')!a}")


def _added(states: list[_State], state: _State) -> int:
    if len(states) >= _MOST_MATCHER_STATES:
        raise RefusedError("an expression that is too long")
    states.append(state)
    return len(states) - 1


def _taking(members: frozenset[int]) -> _Piece:
    return _Piece(
        lambda states, then: _added(states, _State([then], takes=members)), nullable=False
    )


def _anchor(kind: str) -> _Piece:
    def build(states: list[_State], then: int) -> int:
        return _added(states, _State([then], anchor=kind))

    return _Piece(build, nullable=True)


def _chain(pieces: list[_Piece]) -> _Piece:
    def build(states: list[_State], then: int) -> int:
        for piece in reversed(pieces):
            then = piece.build(states, then)
        return then

    return _Piece(build, all(piece.nullable for piece in pieces))


def _choice(pieces: list[_Piece]) -> _Piece:
    def build(states: list[_State], then: int) -> int:
        return _added(states, _State([piece.build(states, then) for piece in pieces]))

    return _Piece(build, any(piece.nullable for piece in pieces))


def _grouped(inner: _Piece, number: int) -> _Piece:
    def build(states: list[_State], then: int) -> int:
        closing = _added(states, _State([then], slot=2 * number + 1))
        return _added(states, _State([inner.build(states, closing)], slot=2 * number))

    return _Piece(build, inner.nullable)


def _repeat(piece: _Piece, least: int, most: int | None) -> _Piece:
    def build(states: list[_State], then: int) -> int:
        if most is None:
            loop = _added(states, _State([]))
            states[loop].then.extend((piece.build(states, loop), then))
            first = loop
        else:
            first = then
            for _ in range(most - least):
                first = _added(states, _State([piece.build(states, first), then]))
        for _ in range(least):
            first = piece.build(states, first)
        return first

    return _Piece(build, least == 0)
