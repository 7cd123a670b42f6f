"""A strict emulator of Google: the Data Manager API, and the token endpoint of its service accounts."""

import json
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tests.destinations.emulator import BAD, DIGEST, Emulator, Faults, Reply, Request


class GoogleEmulator(Emulator):
    """A request with one wrong record is refused whole; what is taken can be asked for."""

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__("google", faults)
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.next_outcome: dict[str, Any] = {"requestStatus": "SUCCESS"}
        self.validated = 0
        self.consents: list[str] = []
        self.tokens = {"google-token"}
        self.account: RSAKey | None = None
        self.signed_in: list[dict[str, Any]] = []
        self.holds_s = 3600

    def answer(self, request: Request) -> Reply:
        """See ``Emulator``."""
        if request.path == "/token":
            return self._sign_in(parse_qs(request.body.decode()))
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _google_error(401, "UNAUTHENTICATED", "token")
        if request.path == "/v1/requestStatus:retrieve" and request.method == "GET":
            found = self.outcomes.get(request.query["requestId"][0])
            if found is None:
                return _google_error(404, "NOT_FOUND", "requestId")
            return Reply(200, {"requestStatusPerDestination": [found]})
        if request.path.startswith("/v1/accountTypes/"):
            return self._size(request.path.rsplit("/", 1)[1])
        verb = request.path.removeprefix("/v1/audienceMembers:")
        if request.method != "POST" or verb not in ("ingest", "remove"):
            return _google_error(404, "NOT_FOUND", request.path)
        return self._members(verb, json.loads(request.body))

    def _sign_in(self, form: dict[str, list[str]]) -> Reply:
        """Takes an assertion of the service account whose key is known, as RFC 7523 has it."""
        wanted = {
            "iss": {"essential": True, "value": "onefold@shop.example"},
            "scope": {"essential": True, "value": "https://www.googleapis.com/auth/datamanager"},
            "aud": {"essential": True, "value": f"{self.url}/token"},
            "exp": {"essential": True},
            "iat": {"essential": True},
        }
        try:
            assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
            assert self.account is not None
            token = jwt.decode(form["assertion"][0], self.account, algorithms=["RS256"])
            jwt.JWTClaimsRegistry(**wanted).validate(token.claims)  # type: ignore[arg-type]
            assert token.claims["exp"] - token.claims["iat"] <= 3600
            assert token.header["kid"] == "key-1"
        except (AssertionError, JoseError, KeyError):
            return Reply(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        self.signed_in.append(token.claims)
        self.tokens = {f"ya29.{len(self.signed_in)}"}
        told = {"access_token": next(iter(self.tokens)), "expires_in": self.holds_s, "token_type": "Bearer"}
        return Reply(200, told)

    def _members(self, verb: str, body: dict[str, Any]) -> Reply:
        flaw = self.flaw(verb, body, "audienceMembers")
        if flaw:
            return _google_error(400, "INVALID_ARGUMENT", flaw)
        members = body["audienceMembers"]
        wrong = [number for number, member in enumerate(members) if _google_flaw(member)]
        if wrong:
            places = [f"audience_members.audience_members[{one}].user_data" for one in wrong]
            fields = [f"{place}.{part}" for place in places for part in ("user_identifiers[0]", "size")]
            return _google_error(400, "INVALID_ARGUMENT", *fields)
        if body.get("validateOnly"):
            self.validated += len(members)
            return Reply(200, {})
        handles = [handle for member in members for handle in _google_handles(member)]
        self.consents += [member.get("consent", {}).get("adUserData", "") for member in members]
        for destination in body["destinations"]:
            change = self.added if verb == "ingest" else self.taken_out
            change(destination["productDestinationId"], handles)
        request_id = f"g-{len(self.outcomes) + 1}"
        self.outcomes[request_id] = dict(self.next_outcome)
        return Reply(200, {"requestId": request_id})

    def _size(self, list_id: str) -> Reply:
        count = len(self.lists.get(list_id, ()))
        return Reply(
            200,
            {
                "id": list_id,
                "membershipStatus": "OPEN",
                "sizeInfo": {
                    "displayNetworkMembersCount": str(count // 2),
                    "searchNetworkMembersCount": str(count),
                },
                "ingestedUserListInfo": {"contactIdInfo": {"matchRatePercentage": 61}},
            },
        )


def _google_flaw(member: dict[str, Any]) -> bool:
    consent = member.get("consent", {})
    if "CONSENT_DENIED" in consent.values():
        return True
    for one in member.get("userData", {}).get("userIdentifiers", ()):
        digests = [one.get("emailAddress"), one.get("phoneNumber")]
        if "address" in one:
            digests += [one["address"]["givenName"], one["address"]["familyName"]]
        if any(each is not None and (not DIGEST.fullmatch(each) or each == BAD) for each in digests):
            return True
    return False


def _google_handles(member: dict[str, Any]) -> list[str]:
    found = []
    for one in member.get("userData", {}).get("userIdentifiers", ()):
        if "emailAddress" in one:
            found.append(f"email:{one['emailAddress']}")
        elif "phoneNumber" in one:
            found.append(f"phone:{one['phoneNumber']}")
        else:
            found.append("address:" + "|".join(one["address"].values()))
    return found + [f"device:{one}" for one in member.get("mobileData", {}).get("mobileIds", ())]


def _google_error(code: int, status: str, *fields: str) -> Reply:
    details = [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": status, "domain": "datamanager"},
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": one, "reason": "INVALID_SHA256_FORMAT"} for one in fields],
        },
    ]
    return Reply(code, {"error": {"code": code, "status": status, "message": "refused", "details": details}})
