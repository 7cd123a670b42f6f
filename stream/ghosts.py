"""The form in which what was erased goes on: keyed hashes."""

import hashlib

from graph_schema.vocabulary import Identifier

ANY_GHOSTS = "ghosts"
"""Operational state: set once a person was ever erased."""


def ghost_identifier(identifier: Identifier, id_key: bytes) -> Identifier:
    """The form in which an erased identifier is kept: its keyed hash."""
    text = f"{identifier.namespace}:{identifier.value}".encode()
    digest = hashlib.blake2b(text, digest_size=16, key=id_key[:64]).hexdigest()
    return Identifier(identifier.namespace, "#" + digest)
