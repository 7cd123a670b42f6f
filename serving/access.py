"""Who asks, and what they may: keys and roles of whoever reads and judges (write keys are intake's own)."""

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import Final, NamedTuple

from graph_schema.access import Access, Role
from graph_schema.errors import Invalid, OnefoldError, nearest

ROLES: Final[tuple[Role, ...]] = ("viewer", "steward", "admin")
"""Each may what those before it may. A viewer sees values masked."""
KEYS_VARIABLE: Final = "ONEFOLD_ACCESS_KEYS"
"""Keys besides those of the rules: ``name:role:sha256``, separated by commas."""


class NotSignedIn(OnefoldError):
    """Nobody is let in without a key, and this request has none that is known."""

    status = 401


class NotAllowed(OnefoldError):
    """The role of whoever asks doesn't allow this."""

    status = 403


class Principal(NamedTuple):
    """Whoever asks."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether what this role may is allowed."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def must(self, role: Role) -> None:
        """Raises ``NotAllowed`` where what this role may is not allowed."""
        if not self.may(role):
            raise NotAllowed(f"this needs the role {role}, and {self.role} was signed in with")


LOCAL: Final = Principal("local", "admin")
"""Whoever sits at the machine itself, where nothing is declared."""


@dataclass(frozen=True)
class Keyring:
    """The keys in force, by their hashes. Where ``enforced`` is false, whoever asks is ``LOCAL``.
    ``provider`` is the hash of all that is declared of the identity provider; "" where there is none."""

    keys: dict[str, Principal]
    enforced: bool
    provider: str = ""

    def of_key(self, key: str | None) -> Principal | None:
        """Whose key this is."""
        return None if key is None else self.keys.get(digest(key))

    def of_header(self, authorization: str | None) -> Principal:
        """Who asks over HTTP; raises ``NotSignedIn``."""
        if not self.enforced:
            return LOCAL
        found = self.of_key(_credential(authorization))
        if found is None:
            raise NotSignedIn(
                "this request has no access key that is known",
                way_out="Send one: Authorization: Bearer KEY. Keys are made with onefold access-key",
            )
        return found


def keyring(rules: Access, loopback: bool) -> Keyring:
    """The keys of a server; none is asked for where only this machine reaches it and nothing is declared."""
    keys = {key.sha256: Principal(name, key.role) for name, key in rules.key.items()}
    keys |= _of_environment(os.environ.get(KEYS_VARIABLE, ""))
    provider = "" if rules.oidc is None else digest(rules.oidc.model_dump_json())
    return Keyring(keys, not loopback or bool(keys) or bool(provider), provider)


def digest(key: str) -> str:
    """The form in which a key is written down. Keys are long and random, so a plain hash keeps them."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def new_key() -> str:
    """A key that nobody can guess."""
    return f"ofk_{secrets.token_urlsafe(32)}"


def _of_environment(text: str) -> dict[str, Principal]:
    found: dict[str, Principal] = {}
    for each in filter(None, (part.strip() for part in text.split(","))):
        name, _, rest = each.partition(":")
        role, _, sha256 = rest.partition(":")
        known = next((one for one in ROLES if one == role), None)
        if known is None:
            raise Invalid(KEYS_VARIABLE, f"There is no such role. {nearest(role, ROLES)}.")
        if not name or len(sha256) != 64 or sha256.strip("0123456789abcdef"):
            raise Invalid(KEYS_VARIABLE, "Write name:role:sha256, several with commas between them.")
        found[sha256] = Principal(name, known)
    return found


def _credential(authorization: str | None) -> str | None:
    """The key of a header: a bearer's, or the user of basic authorization."""
    scheme, _, key = (authorization or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else basic_user(authorization)


def basic_user(authorization: str | None) -> str | None:
    """The user of basic authorization; None where a header says nothing like that."""
    scheme, _, credentials = (authorization or "").partition(" ")
    try:
        plain = base64.b64decode(credentials.strip(), validate=True).decode()
    except ValueError:
        return None
    return plain.partition(":")[0] if scheme.lower() == "basic" else None
