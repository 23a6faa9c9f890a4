"""The functions of the language: those that are evaluated here, and those that are refused."""

from agenix_check.discover.rules.builtins.control import CONTROL
from agenix_check.discover.rules.builtins.lists import LISTS
from agenix_check.discover.rules.builtins.serialized import DATA
from agenix_check.discover.rules.builtins.sets import SETS
from agenix_check.discover.rules.builtins.texts import TEXTS
from agenix_check.discover.rules.builtins.types import TYPES
from agenix_check.discover.rules.parse import Globals
from agenix_check.discover.rules.values import Builtins, Scope, Value, ready

# What pure evaluation answers otherwise than agenix on somebody's machine would.
_IMPURE = (
    "currentSystem currentTime findFile getEnv langVersion nixPath nixVersion storeDir storePath"
)
_NOT_HERE = (
    "addDrvOutputDependencies appendContext break builtins compareVersions convertHash"
    " derivation derivationStrict exec fetchClosure fetchFinalTree fetchGit fetchMercurial"
    " fetchTarball fetchTree fetchurl filterSource flakeRefToString genericClosure getContext"
    " getFlake hasContext hashFile importNative outputOf parseDrvName parseFlakeRef path"
    " placeholder readFileType resolveFile scopedImport splitVersion toFile toPath toXML"
    " traceVerbose unsafeDiscardOutputDependency unsafeGetAttrPos unsafeGetLambdaDoc"
    " unsafeGetLambdaPos valueSize warn"
)
_GLOBAL = "abort baseNameOf dirOf fromTOML import isNull map removeAttrs throw toString"
_GLOBAL_NOT_HERE = (
    "break derivation derivationStrict fetchFinalTree fetchGit fetchMercurial fetchTarball"
    " fetchTree placeholder scopedImport"
)


def _all() -> Builtins:
    constants: dict[str, Value] = {"true": True, "false": False, "null": None}
    known = {**constants, **CONTROL, **DATA, **LISTS, **SETS, **TEXTS, **TYPES}
    others = dict.fromkeys(_NOT_HERE.split(), False) | dict.fromkeys(_IMPURE.split(), True)
    return Builtins(
        {name.encode(): ready(value) for name, value in known.items()},
        {name.encode(): impure for name, impure in others.items()},
    )


_BUILTINS = _all()

OUTERMOST = Scope(
    {
        b"builtins": ready(_BUILTINS),
        **{
            name.encode(): _BUILTINS.known[name.encode()]
            for name in ("true", "false", "null", *_GLOBAL.split())
        },
        **{
            b"__" + name: value
            for name, value in _BUILTINS.known.items()
            if name.decode() not in (*_GLOBAL.split(), "true", "false", "null")
        },
    },
    None,
)
GLOBALS = Globals(
    frozenset(OUTERMOST.names),
    {name.encode(): False for name in _GLOBAL_NOT_HERE.split()},
)
