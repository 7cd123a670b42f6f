"""TikTok: segments by the Business API, /open_api/v1.3/segment/mapping/.

An answer is a success only where the body says code 0, whatever the HTTP status.
"""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

import httpx
import orjson

from serving.destinations import forms
from serving.destinations.platforms import Answer, Job, Platform, Row, Size, body_of, in_places
from serving.destinations.recognition import hashed
from serving.destinations.sending import Courier, TryAgain
from serving.destinations.settings import TikTokSettings

_PASSING: Final = frozenset((40_100, 42_900, *range(50_000, 52_000)))
"""Too many requests, and faults of its own."""
_INVALID: Final = frozenset((40_002, 40_006))
_LIST: Final = re.compile(r"audience|advertiser", re.IGNORECASE)
"""Of what a refusal by these codes speaks where it is of the list or its account, and not of the rows."""
_PLACES: Final = {
    "email": "EMAIL_SHA256",
    "phone": "PHONE_SHA256",
    "idfa": "IDFA_SHA256",
    "gaid": "AAID_SHA256",
}
"""Its page wants Google's advertising id under AAID too; GAID is the word of its file uploads."""


class TikTok(Platform):
    """See ``Platform``."""

    settings: TikTokSettings
    bytes_per_request = 1_000_000
    channels = ("social",)

    def __init__(self, name: str, settings: TikTokSettings) -> None:
        super().__init__(name, settings)
        email = partial(forms.tiktok_email, keep_tag=settings.tag == "keep")
        phone = forms.e164 if settings.phone == "e164" else forms.digits
        self.recognition = self.recognition._replace(email=hashed(email), phone=hashed(phone))

    def units(self, row: Row) -> int:
        """See ``Platform``."""
        return len(_entries(row, "", _schema([row])))

    def deliver(self, job: Job, courier: Courier) -> Answer:
        """See ``Platform``. It has no dry run of its own: nothing is sent then."""
        if job.dry:
            return Answer()
        schema = _schema(job.rows)
        content = orjson.dumps(
            {
                "advertiser_ids": [self.settings.advertiser_id],
                "action": "delete" if job.op == "remove" else "add",
                "id_schema": schema,
                "batch_data": [entry for row in job.rows for entry in _entries(row, job.remote, schema)],
            }
        )
        url = f"{self.settings.endpoint}/open_api/v1.3/segment/mapping/"
        return courier.send(
            lambda: httpx.Request("POST", url, content=content, headers=self._headers()), self._read
        )

    def _read(self, response: httpx.Response) -> Answer:
        told = body_of(response.content)
        code = told.get("code")
        if response.is_success and code == 0:
            return Answer(str(told.get("request_id", "")))
        if code in _PASSING:
            raise TryAgain(f"code {code}")
        if code in _INVALID and not _LIST.search(str(told.get("message"))):
            return Answer(str(told.get("request_id", "")), taken=False)
        raise self.refuses(f"HTTP {response.status_code}, code {code}", "See its access token and list")

    def size(self, remote: str, courier: Courier) -> Size:
        """See ``Platform``."""
        url = f"{self.settings.endpoint}/open_api/v1.3/dmp/custom_audience/get/"
        query = {
            "advertiser_id": self.settings.advertiser_id,
            "custom_audience_ids": orjson.dumps([remote]).decode(),
        }

        def read(response: httpx.Response) -> Size:
            told = body_of(response.content)
            if told.get("code") != 0:
                raise self.refuses(f"HTTP {response.status_code}, code {told.get('code')}")
            found = (told.get("data", {}).get("list") or [{}])[0].get("audience_details", {})
            covered = found.get("cover_num")
            return Size(covered, covered, "", str(found.get("audience_sub_status", "")))

        return courier.send(lambda: httpx.Request("GET", url, params=query, headers=self._headers()), read)

    def _headers(self) -> dict[str, str]:
        return {"access-token": self.settings.access_token.read_token(), "content-type": "application/json"}


def _schema(rows: Iterable[Row]) -> list[str]:
    """The kinds of handle that rows hold: those to be taken out, too, that the settings name no more."""
    kinds = {handle.partition(":")[0] for row in rows for handle in row.handles}
    return [place for kind, place in _PLACES.items() if kind in kinds]


def _entries(row: Row, remote: str, schema: Sequence[str]) -> list[list[dict[str, object]]]:
    """One entry holds one value of each of the schema, {} where she has none."""
    return [
        [{"id": one, "audience_ids": [remote]} if one else {} for one in entry]
        for entry in in_places(row, _PLACES, schema)
    ]
