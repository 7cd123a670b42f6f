"""Meta: Custom Audiences by the Marketing API.

https://developers.facebook.com/documentation/ads-commerce/marketing-api/reference/custom-audience/users.
Invalid entries are left out and counted; a request is known by its session.
"""

import hashlib
import hmac
import re
import time
from typing import Any, Final

import httpx
import orjson

from serving.destinations.platforms import Answer, Body, Job, Place, Platform, Row, Size, body_of, in_places
from serving.destinations.recognition import META_ADDRESS
from serving.destinations.sending import Courier, TryAgain
from serving.destinations.settings import MetaSettings

_PASSING: Final = frozenset((1, 2, 4, 17, 32, 341, 613, *range(80_000, 80_015)))
"""Error codes of too many calls, and of a fault that passes."""
_INVALID: Final = 100
_ROWS: Final = re.compile(r"payload|data", re.IGNORECASE)
"""Of what a refusal by that code speaks where it is of the rows, and not of the list."""
_FLAGGED: Final = 1_713_230
_KEYS: Final = {"email": "EMAIL", "phone": "PHONE", "idfa": "MADID", "gaid": "MADID", "address": "address"}
_KEYS_SENT: Final = ("EMAIL", "PHONE", "MADID")
_NOWHERE: Final = "|" * (len(META_ADDRESS) - 1)
_PATHS: Final = {"add": "users", "remove": "users", "replace": "usersreplace"}
_SIZE: Final = "approximate_count_lower_bound,approximate_count_upper_bound,operation_status,delivery_status"


class Meta(Platform):
    """See ``Platform``."""

    settings: MetaSettings
    bytes_per_request = 4_000_000
    replaces = True
    channels = ("social",)

    def units(self, row: Row) -> int:
        """See ``Platform``."""
        return len(self._entries(row, addressed=False))

    def deliver(self, job: Job, courier: Courier) -> Answer:
        """See ``Platform``. It has no dry run of its own: nothing is sent then."""
        if job.dry:
            return Answer()
        # What is taken out may be of a kind that the settings name no more.
        addressed = any(handle.startswith("address:") for row in job.rows for handle in row.handles)
        data: list[list[Any]] = []
        origins: list[int] = []
        for number, row in enumerate(job.rows):
            entries = self._entries(row, addressed)
            data += entries
            origins += [number] * len(entries)
        schema = [*_KEYS_SENT, *(META_ADDRESS if addressed else ())]
        if self.settings.limited_data_use:
            schema = [*schema, "DATA_PROCESSING_OPTIONS"]
            data = [[*entry, ["LDU"]] for entry in data]
        # A session has a number: one made of the key is the same whenever the request is made again.
        place = job.place or Place(int(job.key[:13], 16), 1, True, len(data))
        said = {
            "session": {
                "session_id": place.session,
                "batch_seq": place.number,
                "last_batch_flag": place.is_last,
                "estimated_num_total": place.estimated,
            },
            "payload": {"schema": schema, "data": data},
        }

        def build() -> httpx.Request:
            method = "DELETE" if job.op == "remove" else "POST"
            url = f"{self.settings.endpoint}/{self.settings.version}/{job.remote}/{_PATHS[job.op]}"
            content = orjson.dumps({**said, **self._proof()})
            return httpx.Request(method, url, content=content, headers=self._headers())

        return courier.send(build, lambda response: self._read(response, data, origins))

    def _entries(self, row: Row, addressed: bool) -> list[list[str]]:
        """One entry holds one value of each key; who has more of a key has more entries."""
        return [
            [*entry, *(address or _NOWHERE).split("|")] if addressed else entry
            for *entry, address in in_places(row, _KEYS, (*_KEYS_SENT, "address"))
        ]

    def _read(self, response: httpx.Response, data: list[list[Any]], origins: list[int]) -> Answer:
        told = body_of(response.content)
        error = told.get("error")
        if error is None and response.is_success:
            samples = {str(one) for pair in _samples(told) for one in pair}
            refused = {
                number: "invalid_entry"
                for number, entry in zip(origins, data, strict=True)
                if samples and samples.intersection(str(one) for one in entry if one)
            }
            unnamed = max(0, int(told.get("num_invalid_entries", 0)) - len(refused))
            return Answer(str(told.get("session_id", "")), True, refused, unnamed)
        error = error or {}
        code, subcode = error.get("code"), error.get("error_subcode")
        if code in _PASSING or response.status_code >= 500:
            raise TryAgain(f"error {code}")
        if code == _INVALID and subcode is None and _ROWS.search(str(error.get("message"))):
            return Answer(taken=False)
        if subcode == _FLAGGED:
            raise self.refuses(
                "this audience is flagged (operation status 471)", "Appeal in its Audience Manager"
            )
        raise self.refuses(f"HTTP {response.status_code}, error {code}", "See its access token and list")

    def size(self, remote: str, courier: Courier) -> Size:
        """See ``Platform``; below 1,000 it tells no number."""
        url = f"{self.settings.endpoint}/{self.settings.version}/{remote}"

        def read(response: httpx.Response) -> Size:
            told = body_of(response.content)
            if not response.is_success or "error" in told:
                raise self.refuses(f"HTTP {response.status_code}")
            least, most = (told.get(f"approximate_count_{one}_bound", -1) for one in ("lower", "upper"))
            status = told.get("operation_status") or {}
            return Size(
                None if least < 0 else least, None if most < 0 else most, "", str(status.get("code", ""))
            )

        query = {"fields": _SIZE, **{name: str(value) for name, value in self._proof().items()}}
        return courier.send(lambda: httpx.Request("GET", url, params=query, headers=self._headers()), read)

    def _headers(self) -> dict[str, str]:
        token = self.settings.access_token.read_token()
        return {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def _proof(self) -> Body:
        """That whoever holds the token is the app that it was given to."""
        if self.settings.app_secret is None:
            return {}
        now = int(time.time())
        said = f"{self.settings.access_token.read()}|{now}"
        return {"appsecret_proof": proof(self.settings.app_secret.read(), said), "appsecret_time": now}


def proof(secret: str, said: str) -> str:
    """The keyed hash that Meta asks for, in hexadecimal."""
    return hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()


def _samples(told: Body) -> list[tuple[Any, Any]]:
    samples = told.get("invalid_entry_samples") or {}
    return list(samples.items()) if isinstance(samples, dict) else [("", one) for one in samples]
