"""The form in which what was erased goes on: keyed hashes."""

import hashlib
import re

from graph_schema.vocabulary import Identifier

ANY_GHOSTS = "ghosts"
"""Operational state: set once a person was ever erased."""

_HASHED = re.compile("#[0-9a-f]{32}")


def keyed_hash(said: bytes, id_key: bytes) -> str:
    """What stands for something and tells it to nobody who hasn't the key."""
    return hashlib.blake2b(said, digest_size=16, key=id_key[:64]).hexdigest()


def ghost_identifier(identifier: Identifier, id_key: bytes) -> Identifier:
    """The form in which an erased identifier is kept: its keyed hash."""
    text = f"{identifier.namespace}:{identifier.value}".encode()
    return Identifier(identifier.namespace, "#" + keyed_hash(text, id_key))


def is_hashed(identifier: Identifier) -> bool:
    """Whether an identifier has that form already. What merely begins with its sign is somebody's."""
    return _HASHED.fullmatch(identifier.value) is not None
