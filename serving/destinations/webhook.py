"""A webhook: an address of yours is told who came into an audience and who went, and signs for each request.

Signed as https://www.standardwebhooks.com describes: HMAC-SHA256 over id, time and body. The same request
comes under the same id, however often it is made.
"""

import base64
import hashlib
import hmac
import time
from typing import Final

import httpx
import orjson

from serving.destinations.platforms import Answer, Body, Job, Platform, Row, body_of
from serving.destinations.sending import Courier
from serving.destinations.settings import WebhookSettings

_ROWS: Final = frozenset((400, 413, 422))
"""What is answered where it may be the rows that are not taken."""


class Webhook(Platform):
    """See ``Platform``."""

    settings: WebhookSettings
    bytes_per_request = 1_000_000
    replaces = True
    empties = True

    def deliver(self, job: Job, courier: Courier) -> Answer:
        """An answer may name what it doesn't take: {"refused": [{"row": 0, "reason": "…"}]}."""
        said: Body = {
            "audience": job.remote,
            "op": job.op,
            "dry_run": job.dry,
            "members": [_member(row) for row in job.rows],
        }
        if job.place is not None:
            said["replacement"] = job.place._asdict()
        body = orjson.dumps(said)
        secret = self.settings.secret.read()
        try:
            signature(secret, "", "", b"")
        except ValueError:
            raise self.settings.secret.wrong("It begins as whsec_, and no Base64 follows.") from None

        def build() -> httpx.Request:
            now = str(int(time.time()))
            headers = {
                "content-type": "application/json",
                "webhook-id": job.key,
                "webhook-timestamp": now,
                "webhook-signature": signature(secret, job.key, now, body),
            }
            return httpx.Request("POST", self.settings.url, content=body, headers=headers)

        def read(response: httpx.Response) -> Answer:
            if response.status_code in _ROWS:
                return Answer(taken=False)
            if not response.is_success:
                raise self.refuses(f"HTTP {response.status_code}", "See its url in the rules")
            told = body_of(response.content).get("refused") or ()
            return Answer(job.key, refused={int(one["row"]): str(one.get("reason", "")) for one in told})

        return courier.send(build, read)


def _member(row: Row) -> Body:
    handles = [handle.split(":", 1) for handle in row.handles]
    return {
        "person_id": row.person_id,
        "handles": [{"kind": kind, "value": value} for kind, value in handles],
    }


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature of a message. A secret as the standard writes it, whsec_ and Base64, stands for its
    bytes."""
    coded = secret.removeprefix("whsec_")
    key = base64.b64decode(coded, validate=True) if coded != secret else secret.encode()
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
