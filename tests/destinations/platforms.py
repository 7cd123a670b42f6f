"""Strict emulators: Google's Data Manager API, Meta's Custom Audiences, TikTok's segments, UID2's map."""

import base64
import hashlib
import json
import re
import time
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tests.destinations.emulator import Emulator, Faults, Reply, Request

DIGEST = re.compile(r"[0-9a-f]{64}")
_BAD = "0" * 64
"""A hash that no platform takes, for tests of a bad row."""


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
            fields = [
                f"audience_members.audience_members[{one}].user_data.user_identifiers[0]" for one in wrong
            ]
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
        if any(each is not None and (not DIGEST.fullmatch(each) or each == _BAD) for each in digests):
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


class MetaEmulator(Emulator):
    """Takes what is right of a request and counts the rest; a replacement counts when its last part is in."""

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__("meta", faults)
        self.flagged = False
        self.secret = ""
        self.emptied: list[str] = []
        self._sessions: dict[int, tuple[int, set[str]]] = {}

    def busy(self) -> Any:
        """See ``Emulator``."""
        return _meta_body(80_003)

    def answer(self, request: Request) -> Reply:
        """See ``Emulator``."""
        if request.headers.get("authorization") != "Bearer meta-token":
            return Reply(400, _meta_body(190))
        _, version, list_id, *edge = request.path.split("/")
        if version != "v25.0":
            return Reply(400, _meta_body(2635))
        if request.method == "GET" and not edge:
            return self._size(list_id)
        if (request.method, *edge) not in {("POST", "users"), ("DELETE", "users"), ("POST", "usersreplace")}:
            return Reply(400, _meta_body(100, 33))
        body = json.loads(request.body)
        if self.flagged:
            return Reply(400, _meta_body(100, 1713230))
        if self.secret and not self._is_proved(body):
            return Reply(400, _meta_body(100, 20))
        if self.flaw("users", body, "payload.data"):
            return Reply(400, _meta_body(100))
        return self._users(request.method, edge[0], list_id, body)

    def _users(self, method: str, edge: str, list_id: str, body: dict[str, Any]) -> Reply:
        schema, data = body["payload"]["schema"], body["payload"]["data"]
        if len(data) > 10_000 or any(len(entry) != len(schema) for entry in data):
            return Reply(400, _meta_body(100))
        wrong = [entry for entry in data if _meta_flaw(schema, entry)]
        handles = [
            handle for entry in data if not _meta_flaw(schema, entry) for handle in _handles(schema, entry)
        ]
        session = body["session"]
        if edge == "usersreplace":
            refusal = self._replaced(list_id, session, handles)
            if refusal is not None:
                return refusal
        elif method == "POST":
            self.added(list_id, handles)
        else:
            self.taken_out(list_id, handles)
        return Reply(
            200,
            {
                "audience_id": list_id,
                "session_id": str(session["session_id"]),
                "num_received": len(data),
                "num_invalid_entries": len(wrong),
                "invalid_entry_samples": {str(one[0] or one[1]): "invalid" for one in wrong[:5]},
            },
        )

    def _replaced(self, list_id: str, session: dict[str, Any], handles: list[str]) -> Reply | None:
        number, held = self._sessions.get(session["session_id"], (0, set()))
        if session["batch_seq"] not in (number, number + 1):
            return Reply(400, _meta_body(100, 1713098))
        held |= set(handles)
        self._sessions[session["session_id"]] = session["batch_seq"], held
        if session["last_batch_flag"]:
            self.lists[list_id] = set(held)
        self.log.append(("replace", len(handles)))
        return None

    def _is_proved(self, body: dict[str, Any]) -> bool:
        said = f"meta-token|{body.get('appsecret_time')}"
        inner = bytes(each ^ 0x36 for each in self.secret.encode().ljust(64, b"\0"))
        outer = bytes(each ^ 0x5C for each in self.secret.encode().ljust(64, b"\0"))
        digest = hashlib.sha256(outer + hashlib.sha256(inner + said.encode()).digest()).hexdigest()
        return bool(body.get("appsecret_proof") == digest)

    def _size(self, list_id: str) -> Reply:
        count = len(self.lists.get(list_id, ()))
        return Reply(
            200,
            {
                "approximate_count_lower_bound": count if count >= 1_000 else -1,
                "approximate_count_upper_bound": count + count // 10 if count >= 1_000 else -1,
                "operation_status": {"code": 200, "description": "Normal"},
            },
        )


def _meta_flaw(schema: list[str], entry: list[Any]) -> bool:
    said = False
    for key, value in zip(schema, entry, strict=True):
        if key == "DATA_PROCESSING_OPTIONS":
            if value not in ([], ["LDU"]):
                return True
        elif key == "MADID":
            said = said or bool(value)
            if value != value.lower():
                return True
        elif value:
            said = True
            if not DIGEST.fullmatch(value) or value == _BAD:
                return True
    return not said


def _handles(schema: list[str], entry: list[Any]) -> list[str]:
    names = {"EMAIL": "email", "PHONE": "phone", "MADID": "device"}
    pairs = zip(schema, entry, strict=True)
    return [f"{names[key]}:{value}" for key, value in pairs if key in names and value]


def _meta_body(code: int, subcode: int | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"message": "refused", "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    return {"error": error if subcode is None else {**error, "error_subcode": subcode}}


class TikTokEmulator(Emulator):
    """All or nothing, and always HTTP 200: the code in the body tells."""

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__("tiktok", faults)

    def busy(self) -> Any:
        """See ``Emulator``."""
        return {"code": 40_100, "message": "Too many requests", "request_id": "t-0", "data": {}}

    def answer(self, request: Request) -> Reply:
        """See ``Emulator``."""
        if request.headers.get("access-token") != "tiktok-token":
            return _tiktok(40_105)
        if request.method == "GET" and request.path == "/open_api/v1.3/dmp/custom_audience/get/":
            (list_id,) = json.loads(request.query["custom_audience_ids"][0])
            details = {"cover_num": len(self.lists.get(list_id, ())), "audience_sub_status": "READY"}
            return _tiktok(0, {"list": [{"audience_details": details}]})
        if (request.method, request.path) != ("POST", "/open_api/v1.3/segment/mapping/"):
            return _tiktok(40_404)
        body = json.loads(request.body)
        if len(request.body) > 1_048_576 or self.flaw("mapping", body, "batch_data"):
            return _tiktok(40_002)
        places = body["id_schema"]
        found: dict[str, list[str]] = {}
        for entry in body["batch_data"]:
            if len(entry) != len(places) or not any(entry):
                return _tiktok(40_002)
            for place, one in zip(places, entry, strict=True):
                if one and (not DIGEST.fullmatch(one["id"]) or one["id"] == _BAD):
                    return _tiktok(40_002)
                for list_id in one.get("audience_ids", ()):
                    kind = place.removesuffix("_SHA256").lower()
                    found.setdefault(list_id, []).append(f"{kind}:{one['id']}")
        for list_id, handles in found.items():
            (self.added if body["action"] == "add" else self.taken_out)(list_id, handles)
        return _tiktok(0)


def _tiktok(code: int, data: Any = None) -> Reply:
    body = {
        "code": code,
        "message": "OK" if code == 0 else "refused",
        "request_id": "t-1",
        "data": data or {},
    }
    return Reply(200, body)


class Uid2Emulator(Emulator):
    """Maps hashes; who is in ``opted_out`` has no UID2. What it maps to changes with ``generation``."""

    KEY = b"k" * 32

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__("uid2", faults)
        self.opted_out: set[str] = set()
        self.generation = 1
        self.refresh_ms = int((time.time() + 86_400 * 300) * 1000)
        self.mapped: list[str] = []

    def answer(self, request: Request) -> Reply:
        """See ``Emulator``."""
        if request.headers.get("authorization") != "Bearer uid2-key":
            return Reply(401, {"status": "unauthorized"})
        if (request.method, request.path) != ("POST", "/v3/identity/map") or len(request.body) > 1_000_000:
            return Reply(400, {"status": "client_error"})
        sealed = base64.b64decode(request.body, validate=True)
        opened = AESGCM(self.KEY).decrypt(sealed[1:13], sealed[13:], None)
        sent_at, nonce, body = int.from_bytes(opened[:8], "big"), opened[8:16], json.loads(opened[16:])
        items = sum(map(len, body.values()))
        if (
            sealed[0] != 1
            or abs(sent_at / 1000 - time.time()) > 60
            or self.flaw("map", body)
            or items > 5_000
        ):
            return Reply(400, {"status": "client_error"})
        self.mapped += [one for each in body.values() for one in each]
        told = {name: [self._mapped(one) for one in each] for name, each in body.items()}
        answer = json.dumps({"body": told, "status": "success"}).encode()
        iv = b"i" * 12
        sealed = iv + AESGCM(self.KEY).encrypt(iv, opened[:8] + nonce + answer, None)
        return Reply(200, base64.b64encode(sealed))

    def _mapped(self, digest: str) -> dict[str, Any]:
        if digest in self.opted_out:
            return {"e": "optout"}
        raw = hashlib.sha256(f"{self.generation}{digest}".encode()).digest()
        return {"u": base64.b64encode(raw).decode(), "p": None, "r": self.refresh_ms}
