"""Signing in at an identity provider by OpenID Connect: authorization code with PKCE, state and nonce."""

import os
import secrets
import threading
from typing import Any, Final
from urllib.parse import quote_plus

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import parse_authorization_code_response, prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from graph_schema.access import OpenIdConnect
from graph_schema.errors import OnefoldError
from serving.access import ROLES, NotAllowed, Principal

SECRET_VARIABLE: Final = "ONEFOLD_OIDC_SECRET"  # noqa: S105 - the name of one
_TIMEOUT_S: Final = 10.0
_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "EdDSA"]
_LEEWAY_S: Final = 60


class ProviderFailed(OnefoldError):
    """The identity provider can't be reached, or what it says doesn't hold."""

    status = 502

    def __init__(self, what: str) -> None:
        super().__init__(what, way_out="Try again, or sign in with an access key")


class Provider:
    """One identity provider. What it tells of itself is asked once."""

    def __init__(self, rules: OpenIdConnect) -> None:
        self.rules = rules
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}

    def start(self, redirect_uri: str) -> tuple[str, dict[str, str]]:
        """Where to send whoever signs in, and what must be remembered until she comes back."""
        held = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
        url = prepare_grant_uri(
            self._told()["authorization_endpoint"],
            self.rules.client_id,
            "code",
            redirect_uri,
            self.rules.scope,
            held["state"],
            nonce=held["nonce"],
            code_challenge=create_s256_code_challenge(held["verifier"]),  # type: ignore[no-untyped-call]
            code_challenge_method="S256",
        )
        return str(url), held

    def finish(self, redirect_uri: str, answer: str, held: dict[str, str]) -> Principal:
        """Who came back with the address ``answer``. Raises ``ProviderFailed``, and ``NotAllowed`` for an
        account that has none of the roles."""
        try:
            came = parse_authorization_code_response(answer, held["state"])
            claims = self._claims(self._token(redirect_uri, came["code"], held["verifier"]), held["nonce"])
        except (AuthlibBaseError, JoseError, httpx.HTTPError, KeyError, ValueError):
            raise ProviderFailed("the identity provider didn't confirm who this is") from None
        return self._principal(claims)

    def _token(self, redirect_uri: str, code: str, verifier: str) -> str:
        """The ID token for a code; a client with a secret proves itself by basic authorization."""
        sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        sent |= {"client_id": self.rules.client_id, "code_verifier": verifier}
        secret = os.environ.get(SECRET_VARIABLE)
        auth = httpx.BasicAuth(quote_plus(self.rules.client_id), quote_plus(secret)) if secret else None
        told = httpx.post(self._told()["token_endpoint"], data=sent, auth=auth, timeout=_TIMEOUT_S)
        return str(told.raise_for_status().json()["id_token"])

    def _told(self) -> dict[str, Any]:
        """What the provider publishes of itself."""
        with self._lock:
            if not self._metadata:
                address = f"{self.rules.issuer.rstrip('/')}/.well-known/openid-configuration"
                try:
                    found = httpx.get(address, timeout=_TIMEOUT_S).raise_for_status().json()
                except (httpx.HTTPError, ValueError):
                    raise ProviderFailed("the identity provider can't be reached") from None
                if found.get("issuer") != self.rules.issuer:
                    raise ProviderFailed("the identity provider calls itself otherwise than the rules")
                self._metadata = found
            return self._metadata

    def _claims(self, id_token: str, nonce: str) -> dict[str, Any]:
        keys = KeySet.import_key_set(
            httpx.get(self._told()["jwks_uri"], timeout=_TIMEOUT_S).raise_for_status().json()
        )
        claims = jwt.decode(id_token, keys, algorithms=_ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self.rules.issuer},
            aud={"essential": True, "value": self.rules.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        return dict(claims)

    def _principal(self, claims: dict[str, Any]) -> Principal:
        said = claims.get(self.rules.claim, [])
        values = said if isinstance(said, list) else [said]
        roles = [self.rules.roles[one] for one in values if isinstance(one, str) and one in self.rules.roles]
        if not roles:
            raise NotAllowed(
                "this account has none of the roles that are let in", way_out="Ask an admin for one"
            )
        name = claims.get("preferred_username") or claims.get("email") or claims["sub"]
        return Principal(str(name), max(roles, key=ROLES.index))
