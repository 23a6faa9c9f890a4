"""What could be read, for programs; `agenix-check schema exposure` describes it."""

import json

from agenix_check.model.exposed import (
    ExposedSecret,
    Exposure,
    KeyExposure,
    PublicSecret,
    ReadableVersion,
)
from agenix_check.report.escape import inert_json, reversible

EXPOSURE_SCHEMA = "agenix-check/exposure/1"


def render(exposure: Exposure) -> str:
    """Turn what could be read into a JSON document."""
    document = {
        "schema": EXPOSURE_SCHEMA,
        "complete": not exposure.incomplete,
        "keys": [_key(one) for one in exposure.keys],
        "public": [_public(one) for one in exposure.public],
        "incomplete": [reversible(one) for one in exposure.incomplete],
        "notices": [reversible(one) for one in exposure.notices],
    }
    return inert_json(json.dumps(document, indent=2) + "\n")


def _key(one: KeyExposure) -> dict[str, object]:
    return {
        "key": one.key and reversible(one.key),
        "fingerprint": one.fingerprint,
        "names": [reversible(path) for path in one.names],
        "nodes": [reversible(path) for path in one.nodes],
        "words": one.words or None,
        "reader": one.reader,
        "secrets": [_secret(each) for each in one.secrets],
    }


def _secret(one: ExposedSecret) -> dict[str, object]:
    return {
        "secret": reversible(one.secret),
        "now": [reversible(path) for path in one.now],
        "state": one.state.value,
        "versions": [_version(each) for each in one.versions],
    }


def _version(one: ReadableVersion) -> dict[str, object]:
    return {
        "blob": one.blob,
        "from": one.begun,
        "until": one.until,
        "via": reversible(one.via),
        "state": one.state.value,
        "anonymous": one.anonymous,
        "rotated_by": one.rotated_by,
    }


def _public(one: PublicSecret) -> dict[str, object]:
    return {
        "secret": reversible(one.secret),
        "commit": one.commit,
        "path": reversible(one.path),
        "state": one.state.value,
        "private_key": one.by_private_key,
        "now": [reversible(path) for path in one.now],
    }
