"""An identity provider of its own for tests: OpenID Connect with discovery, codes, PKCE and signed ID tokens.

Whoever is sent there is signed in at once as ``claims`` says; what is wrong on purpose is said by ``lies``.
"""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "onefold", "a secret of the client"


class IdentityProvider:
    """The provider. ``issuer`` is its address, known once it runs."""

    def __init__(self) -> None:
        self.issuer = ""
        self.claims: dict[str, Any] = {}
        self.lies: dict[str, Any] = {}
        self._key = RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig"})
        self._codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._configuration),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    async def _configuration(self, _: Request) -> Response:
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        return JSONResponse(found)

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(KeySet([self._key]).as_dict(private=False))

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        state = self.lies.get("state", asked["state"])
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': state})}", 302)

    async def _token(self, request: Request) -> Response:
        said = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self._codes.pop(said["code"], {})
        challenge = base64.urlsafe_b64encode(hashlib.sha256(said["code_verifier"].encode()).digest())
        basic = request.headers.get("authorization", "").removeprefix("Basic ")
        known = base64.b64decode(basic).decode() == f"{CLIENT}:{SECRET.replace(' ', '+')}"
        if not known or challenge.rstrip(b"=").decode() != asked.get("code_challenge"):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "s-1", "iat": now, "exp": now + 60}
        claims |= {"nonce": asked["nonce"], **self.claims, **self.lies}
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.lies.get("key", self._key))
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": token})
