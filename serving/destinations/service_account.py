"""Signing in at Google as a service account: a signed assertion is exchanged for a token that holds an hour.

RFC 7523, https://developers.google.com/identity/protocols/oauth2/service-account. Tokens are kept in this
process only.
"""

import time
from typing import Final, Literal, NamedTuple

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import BaseModel, ValidationError

from serving.destinations.platforms import DestinationRefuses, body_of
from serving.destinations.sending import Courier
from serving.destinations.settings import Address, Secret

_SCOPE: Final = "https://www.googleapis.com/auth/datamanager"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_HOUR_S: Final = 3600
_EARLY_S: Final = 300
"""A token is replaced so long before it ends: a request under way still has it."""


class _Key(BaseModel):
    """The file that Google makes for a service account, as far as it is needed."""

    type: Literal["service_account"]
    client_email: str
    private_key_id: str
    private_key: str
    token_uri: Address


class _Token(NamedTuple):
    value: str
    until: float


class ServiceAccount:
    """One service account. The key is read anew for each token, so that a changed one is taken up."""

    def __init__(self, destination: str, secret: Secret) -> None:
        self._destination = destination
        self._secret = secret
        self._token: _Token | None = None

    def token(self, courier: Courier) -> str:
        """A token that holds for some minutes at least. Raises ``Invalid`` where the key is none,
        ``DestinationRefuses`` and ``DestinationUnavailable``."""
        if self._token is None or time.monotonic() > self._token.until:
            key = self._key()
            self._token = courier.send(lambda: _asking(key), self._read)
        return self._token.value

    def forget(self) -> None:
        """Gives up a token that was refused before its time."""
        self._token = None

    def _key(self) -> _Key:
        try:
            key = _Key.model_validate_json(self._secret.read())
            RSAKey.import_key(key.private_key)
        except (ValidationError, JoseError, ValueError):
            raise self._secret.wrong(
                "What is there is no service account's key; put the JSON file there that Google made."
            ) from None
        return key

    def _read(self, response: httpx.Response) -> _Token:
        told = body_of(response.content)
        if not response.is_success or not told.get("access_token"):
            said = f"signing in: HTTP {response.status_code} {told.get('error', '')}".strip()
            raise DestinationRefuses(
                self._destination, said, "See the service account, its key and the clock"
            )
        holds = float(told.get("expires_in", _HOUR_S))
        return _Token(str(told["access_token"]), time.monotonic() + holds - _EARLY_S)


def _asking(key: _Key) -> httpx.Request:
    now = int(time.time())
    claims = {
        "iss": key.client_email,
        "scope": _SCOPE,
        "aud": key.token_uri,
        "iat": now,
        "exp": now + _HOUR_S,
    }
    header = {"alg": "RS256", "typ": "JWT", "kid": key.private_key_id}
    assertion = jwt.encode(header, claims, RSAKey.import_key(key.private_key))
    return httpx.Request("POST", key.token_uri, data={"grant_type": _GRANT, "assertion": assertion})
