"""Google: audience members by the Data Manager API.

https://developers.google.com/data-manager/api/reference/rest/v1/audienceMembers/ingest. A request with one
wrong record is refused whole, naming the record; what is taken is worked on later, and can be asked for.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

import httpx
import orjson

from serving.destinations.contacts import DEVICES
from serving.destinations.platforms import Answer, Body, Job, Outcome, Platform, Row, Size, body_of
from serving.destinations.sending import Courier, TryAgain
from serving.destinations.service_account import ServiceAccount
from serving.destinations.settings import GoogleSettings

T = TypeVar("T")
_RECORD: Final = re.compile(r"audience_?members\[(\d+)\]", re.IGNORECASE)
_GRANTED: Final = {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_GRANTED"}
_DEVICES: Final = tuple(f"{kind}:" for kind in DEVICES)
_USER: Final = {"email": "emailAddress", "phone": "phoneNumber"}
_ADDRESS: Final = ("givenName", "familyName", "regionCode", "postalCode")
_LISTS: Final = "/v1/accountTypes/{}/accounts/{}/userLists/{}"


class Google(Platform):
    """See ``Platform``."""

    settings: GoogleSettings
    bytes_per_request = 10_000_000
    channels = ("display",)

    def __init__(self, name: str, settings: GoogleSettings) -> None:
        super().__init__(name, settings)
        key = settings.service_account
        self._account = None if key is None else ServiceAccount(name, key)

    def units(self, row: Row) -> int:
        """See ``Platform``: a member is one, however many identifiers she has."""
        return 1

    def parts(self, handles: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """See ``Platform``: devices are told as a member of their own, apart from what is of a user."""
        for devices in (False, True):
            yield from super().parts([one for one in handles if one.startswith(_DEVICES) is devices])

    def why_not(self, said: str) -> str:
        """Whoever denied it may be removed, but not uploaded, not even to be spared."""
        return "consent_denied" if said == "denied" else ""

    def deliver(self, job: Job, courier: Courier) -> Answer:
        """See ``Platform``."""
        verb = "remove" if job.op == "remove" else "ingest"
        body = orjson.dumps(self._body(job))
        return self._ask(courier, self._read, "POST", f"/v1/audienceMembers:{verb}", content=body)

    def _body(self, job: Job) -> Body:
        account = {"accountType": self.settings.account_type, "accountId": self.settings.account_id}
        destination: Body = {"operatingAccount": account, "productDestinationId": job.remote}
        if self.settings.login_account_id:
            destination["loginAccount"] = {**account, "accountId": self.settings.login_account_id}
        said: Body = {
            "destinations": [destination],
            "audienceMembers": [_member(row, job.op != "remove") for row in job.rows],
            "encoding": "HEX",
        }
        if job.op != "remove" and self.settings.terms_accepted:
            said["termsOfService"] = {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
        return {**said, "validateOnly": True} if job.dry else said

    def _read(self, response: httpx.Response) -> Answer:
        told = body_of(response.content)
        if response.is_success:
            return Answer(str(told.get("requestId", "")), later=True)
        error = told.get("error", {})
        violations = [one for detail in error.get("details", ()) for one in detail.get("fieldViolations", ())]
        records = [_RECORD.search(str(one.get("field"))) for one in violations]
        # What names no record names what all of them share: the destination, its account, its terms.
        if response.status_code == 400 and all(records):
            named = ((one[1], said) for one, said in zip(records, violations, strict=True) if one)
            refused = {int(number): str(said.get("reason") or "invalid") for number, said in named}
            return Answer(taken=False, refused=refused)
        reasons = [one["reason"] for one in (*error.get("details", ()), *violations) if one.get("reason")]
        raise self.refuses(
            " ".join([f"HTTP {response.status_code}", error.get("status", ""), *reasons]).strip(),
            "See its service account or access token, its accounts and lists in the rules",
        )

    def outcome(self, request_id: str, courier: Courier) -> Outcome:
        """See ``Platform``."""

        def read(response: httpx.Response) -> Body | None:
            return None if response.status_code == 404 else self._told(response)

        query = {"requestId": request_id}
        told = self._ask(courier, read, "GET", "/v1/requestStatus:retrieve", params=query)
        if told is None:
            return Outcome(is_known=False)
        each = (told.get("requestStatusPerDestination") or [{}])[0]
        status = each.get("requestStatus", "PROCESSING")
        counts = each.get("errorInfo", {}).get("errorCounts", ())
        found = each.get("audienceMembersIngestionStatus", {}).get("userDataIngestionStatus", {})
        rate = str(found.get("uploadMatchRateRange", "")).removeprefix("MATCH_RATE_RANGE_").lower()
        return Outcome(
            status not in ("PROCESSING", "REQUEST_STATUS_UNKNOWN"),
            status in ("FAILED", "FAILURE"),
            refused={str(one.get("reason")): int(one.get("recordCount", 0)) for one in counts},
            match_rate=rate,
        )

    def size(self, remote: str, courier: Courier) -> Size:
        """See ``Platform``; Search and Display have sizes of their own."""
        path = _LISTS.format(self.settings.account_type, self.settings.account_id, remote)
        told = self._ask(courier, self._told, "GET", path)
        counts = [int(one) for one in told.get("sizeInfo", {}).values()]
        rate = told.get("ingestedUserListInfo", {}).get("contactIdInfo", {}).get("matchRatePercentage")
        return Size(
            min(counts, default=None),
            max(counts, default=None),
            "" if rate is None else f"{rate} %",
            str(told.get("membershipStatus", "")).lower(),
        )

    def _told(self, response: httpx.Response) -> Body:
        if not response.is_success:
            raise self.refuses(f"HTTP {response.status_code}")
        return body_of(response.content)

    def _ask(
        self,
        courier: Courier,
        read: Callable[[httpx.Response], T],
        method: str,
        path: str,
        **sent: Any,  # noqa: ANN401 - what a request can be made of
    ) -> T:
        """Makes a request; once more with another token where the service account's was refused."""
        refused: list[int] = []

        def build() -> httpx.Request:
            headers = {"authorization": f"Bearer {self._token(courier)}", "content-type": "application/json"}
            return httpx.Request(method, self.settings.endpoint + path, headers=headers, **sent)

        def read_or_renew(response: httpx.Response) -> T:
            if response.status_code == 401 and self._account is not None and not refused:
                refused.append(401)
                self._account.forget()
                raise TryAgain("HTTP 401")
            return read(response)

        return courier.send(build, read_or_renew)

    def _token(self, courier: Courier) -> str:
        if self._account is not None:
            return self._account.token(courier)
        secret = self.settings.access_token
        return "" if secret is None else secret.read_token()


def _member(row: Row, is_added: bool) -> Body:
    parts = [handle.partition(":") for handle in row.handles]
    if row.handles[0].startswith(_DEVICES):
        member: Body = {"mobileData": {"mobileIds": [value for _, _, value in parts]}}
    else:
        member = {"userData": {"userIdentifiers": [_identifier(kind, value) for kind, _, value in parts]}}
    # Unknown consent is left out: that is how a request says that it is unknown.
    return {**member, "consent": _GRANTED} if is_added and row.said == "granted" else member


def _identifier(kind: str, value: str) -> Body:
    if kind == "address":
        return {"address": dict(zip(_ADDRESS, value.split("|", 3), strict=True))}
    return {_USER[kind]: value}
