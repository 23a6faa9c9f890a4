"""Whether `.nix` files still speak of a secret: what none names any more is no longer declared."""

import posixpath
import re
from collections.abc import Iterable, Mapping

from agenix_check.discover.tree.nix_past import WORD_BYTES, NixPast
from agenix_check.discover.tree.walk_cache import Walked
from agenix_check.git.cache import Store
from agenix_check.git.history import nix_blobs_of_line, when_added
from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_bytes
from agenix_check.git.process import Git
from agenix_check.git.snapshot import File
from agenix_check.model.lost import Excuse, Lost, Reason
from agenix_check.view import View

_MANY = 8  # questions that history is asked one by one: for more it is read as a whole


class Modules:
    """What the `.nix` files of a tree hold: each word is looked for once, however often asked."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._files: dict[str, bool] = {}
        self._words: dict[str, bool] = {}

    def name_file(self, file: str) -> bool:
        """Return whether a file's name stands in them."""
        if file not in self._files:
            self._files[file] = to_bytes(file) in self.text
        return self._files[file]

    def have_word(self, name: str) -> bool:
        """Return whether a name stands in them, as a word."""
        if name not in self._words:
            self._words[name] = _word(name).search(self.text) is not None
        return self._words[name]


class Mentions:
    """Reads the `.nix` files of commits, each once, beside those of the tree that is judged."""

    def __init__(self, view: View, here: Modules, walked: Walked) -> None:
        """Compare with the history of a view what the modules of its tree hold, `here`."""
        self._git = view.repository.git
        self._tip = view.snapshot.commit or view.repository.head
        self._walked = walked
        self._here = here
        self._texts: dict[str, bytes] = {}
        self._since: dict[str, bytes] = {}
        self._births: dict[str, str] = {}
        self._all_births: Mapping[str, str] | None = None
        self._past: NixPast | None = None
        self._questions = 0

    def excuse(self, lost: Lost, name: str) -> Excuse | None:
        """Return that a secret is named no more, where it is so: by its file's name or its own.

        Many names are put together by Nix and stand in no file; of those nothing follows.
        """
        files = [posixpath.basename(path) for path in lost.sources]
        if files and not any(map(self._here.name_file, files)):
            file = next((one for one in files if self._stood_when_lost(lost, one)), None)
            if file is not None:
                return Excuse(Reason.NO_LONGER_NAMED, file)
        if not self._here.have_word(name) and self._stood_since(lost, name, _word(name)):
            return Excuse(Reason.NO_LONGER_NAMED, name)
        return None

    def _stood_when_lost(self, lost: Lost, source: str) -> bool:
        """Return whether a source's file name stood where an output was lost, or just before."""
        if lost.commit is None:
            return self._tip is not None and to_bytes(source) in self._at(self._tip)
        where = f"{lost.commit} {source}"
        known = self._walked.mentions.get(where)
        if known is None:
            past, name = self._ask(), to_bytes(source)
            if past is not None and past.knows_file(name, lost.commit):
                found = past.stood_at(name, lost.commit)
            else:
                found = any(name in self._at(tree) for tree in (lost.commit, f"{lost.commit}^"))
            known = self._walked.note(where, lost.commit, found=found)
        return known[1]

    def _stood_since(self, lost: Lost, name: str, word: "re.Pattern[bytes]") -> bool:
        """Return whether a name stood, as a word, in `.nix` files since an output came.

        In the commit before that at the earliest.
        """
        if self._tip is None:
            return False
        born = lost.born or self._when_born(lost.path)
        if not born:  # it is in no commit: what was said before it came shows nothing
            return word.search(self._at(self._tip)) is not None
        known = self._walked.mentions.get(f"{born} {name}")
        if known is None:
            past = self._ask()
            if past is not None and past.knows_word(to_bytes(name), born):
                found = past.stood_since(to_bytes(name), born)
                return self._walked.note(f"{born} {name}", self._tip, found=found)[1]
            before = f"{born}^"
            known = before, word.search(self._at(before)) is not None
        since, found = known
        if not found and since != self._tip:
            found = word.search(self._text_since(since)) is not None
        return self._walked.note(f"{born} {name}", self._tip, found=found)[1]

    def _ask(self) -> NixPast | None:
        """Count a question to history; return what answers many of them."""
        self._questions += 1
        if self._questions > _MANY and self._past is None and self._tip is not None:
            self._past = NixPast(self._git, self._tip)
        return self._past

    def _when_born(self, path: str) -> str:
        """Return the commit that brought an output; nothing where history does not show it."""
        if self._tip is None:
            return ""
        if path not in self._births:
            if len(self._births) < _MANY:
                births: Mapping[str, str] = when_added(self._git, self._tip, [path])
            elif self._all_births is None:
                births = self._all_births = when_added(self._git, self._tip, [])
            else:
                births = self._all_births
            self._births[path] = births.get(path, "")
        return self._births[path]

    def _text_since(self, since: str) -> bytes:
        """Return what `.nix` files held in changes after a commit."""
        if since not in self._since and self._tip is not None:
            oids = nix_blobs_of_line(self._git, self._tip, since)
            self._since[since] = _read(self._git, oids)
        return self._since.get(since, b"")

    def _at(self, commit: str) -> bytes:
        if commit not in self._texts:
            status, listing, _ = self._git.attempt("ls-tree", "-r", "-z", "--full-tree", commit)
            lines = listing.split(b"\0")[:-1] if status == 0 else []
            metas = [line.partition(b"\t")[0] for line in lines if line.endswith(b".nix")]
            self._texts[commit] = _read(self._git, [meta.split()[2].decode() for meta in metas])
        return self._texts[commit]


def excuse_unnamed(
    view: View,
    modules: Iterable[File],
    lost: Mapping[str, Lost],
    names: Mapping[str, str],
    walked: Walked | None,
    store: Store,
) -> tuple[dict[str, Lost], Walked | None]:
    """Return lost outputs, those excused of whose secret no `.nix` file speaks any more.

    `modules` are these files, `names` the secrets by the path of an output. Where they do not speak
    of one, history is asked whether they did: then what was `walked` for that is returned too.
    """
    here = Modules(_read(view.repository.git, (file.oid for file in modules)))
    unnamed = [
        path
        for path, one in lost.items()
        if one.excuse is None and not one.unseen and not _is_named(here, one, names[path])
    ]
    if not (here.text and unnamed):  # what declares the fleet may be elsewhere
        return dict(lost), walked
    walked = walked or Walked(view, store)
    mentions = Mentions(view, here, walked)
    excuses = {path: mentions.excuse(lost[path], names[path]) for path in unnamed}
    return {
        path: one._replace(excuse=excuses[path]) if path in excuses else one
        for path, one in lost.items()
    }, walked


def _is_named(here: Modules, lost: Lost, name: str) -> bool:
    """Return whether modules speak of a secret: by its name, and by its file's if that is known."""
    files = map(posixpath.basename, lost.sources)
    return (not lost.sources or any(map(here.name_file, files))) and here.have_word(name)


def _read(git: Git, oids: Iterable[str]) -> bytes:
    return b"\0".join(blob.data for blob in read_blobs(git, oids))


def _word(name: str) -> "re.Pattern[bytes]":
    return re.compile(rb"(?<!%b)%b(?!%b)" % (WORD_BYTES, re.escape(to_bytes(name)), WORD_BYTES))
