"""UID2: members become raw UID2s by the identity map, written to a file.

https://unifiedid.com/docs/endpoints/post-identity-map. Requests and answers are sealed with the client's
secret. A UID2 may change from its refresh time on, and is mapped again then; who opted out has none.
"""

import base64
import os
import time
from collections.abc import Iterable
from typing import Any, Final

import httpx
import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from graph_schema.errors import Invalid
from serving.destinations.platforms import Answer, Job, Platform, Published, body_of
from serving.destinations.sending import Courier
from serving.destinations.settings import Uid2Settings, path_of
from serving.destinations.tables import write_table

_VERSION: Final = b"\x01"
_IV: Final = 12
_HEAD: Final = 16
_FIELDS: Final = {"email": "email_hash", "phone": "phone_hash"}


class Uid2(Platform):
    """See ``Platform``."""

    settings: Uid2Settings
    bytes_per_request = 700_000
    publishes = True
    channels = ("display",)

    def deliver(self, job: Job, courier: Courier) -> Answer:
        """Maps those who came; who went needs no word."""
        if job.op == "remove" or job.dry:
            return Answer()
        handles = list(dict.fromkeys(handle for row in job.rows for handle in row.handles))
        asked: dict[str, list[str]] = {
            kind: [one for one in handles if one.startswith(f"{kind}:")] for kind in _FIELDS
        }
        body = orjson.dumps(
            {_FIELDS[kind]: [one.partition(":")[2] for one in ones] for kind, ones in asked.items() if ones}
        )
        key = self._key()
        nonce = b""

        def build() -> httpx.Request:
            nonlocal nonce
            nonce = os.urandom(8)
            headers = {"authorization": f"Bearer {self.settings.api_key.read_token()}"}
            url = f"{self.settings.endpoint}/v3/identity/map"
            return httpx.Request("POST", url, content=seal(key, nonce, body), headers=headers)

        def read(response: httpx.Response) -> Answer:
            if response.status_code != 200:
                told = body_of(response.content)
                raise self.refuses(f"HTTP {response.status_code} {told.get('status', '')}".strip())
            mapped = body_of(unseal(key, nonce, response.content)).get("body", {})
            told = {
                handle: entry
                for kind, ones in asked.items()
                for handle, entry in zip(ones, mapped.get(_FIELDS[kind], ()), strict=True)
            }
            return Answer(told=told)

        return courier.send(build, read)

    def publish(self, remote: str, members: Iterable[Published]) -> None:
        """See ``Platform``; who opted out is left out."""
        rows = (
            (told["u"], told.get("p") or "", str(told["r"]))
            for _, told in members
            if isinstance(told, dict) and "u" in told
        )
        write_table(path_of(self.settings.path, remote), ("uid2", "previous_uid2", "refresh_from"), rows)

    def is_due(self, told: Any, at: int) -> bool:  # noqa: ANN401 - any JSON
        """Whether what the map told may have changed by then."""
        return not isinstance(told, dict) or int(told.get("r", 0)) * 1000 <= at

    def _key(self) -> bytes:
        try:
            key = base64.b64decode(self.settings.secret.read(), validate=True)
            AESGCM(key)
        except ValueError:
            raise self.settings.secret.wrong("It is no key in Base64, as UID2 gives it.") from None
        return key


def seal(key: bytes, nonce: bytes, body: bytes) -> bytes:
    """A request's envelope: version, initialisation vector, and under AES-GCM the time, the nonce and the
    body; in Base64."""
    iv = os.urandom(_IV)
    head = (time.time_ns() // 1_000_000).to_bytes(8, "big") + nonce
    return base64.b64encode(_VERSION + iv + AESGCM(key).encrypt(iv, head + body, None))


def unseal(key: bytes, nonce: bytes, envelope: bytes) -> bytes:
    """An answer's body. Raises ``Invalid`` where it is not an answer to the request with this nonce."""
    try:
        sealed = base64.b64decode(envelope)
        opened = AESGCM(key).decrypt(sealed[:_IV], sealed[_IV:], None)
    except (ValueError, InvalidTag):
        raise Invalid("secret", "The answer of UID2 can't be opened with this secret.") from None
    if opened[8:_HEAD] != nonce:
        raise Invalid("nonce", "UID2 answered another request than this.")
    return opened[_HEAD:]
