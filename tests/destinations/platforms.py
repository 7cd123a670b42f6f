"""Strict emulators: Meta's Custom Audiences, TikTok's segments, UID2's map. Google's is in its own file."""

import base64
import hashlib
import json
import time
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.destinations.emulator import BAD, DIGEST, Emulator, Faults, Reply, Request


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
            if not DIGEST.fullmatch(value) or value == BAD:
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
                if one and (not DIGEST.fullmatch(one["id"]) or one["id"] == BAD):
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
