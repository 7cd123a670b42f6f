"""Signing in at an identity provider by OpenID Connect: authorization code with PKCE, state and nonce.

What must be remembered until somebody comes back from there stands in the session.
"""

import os
import warnings
from typing import Any, Final
from urllib.parse import quote_plus

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.deprecate import AuthlibDeprecationWarning
from fastapi import APIRouter, Request
from joserfc.errors import JoseError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from graph_schema.access import OpenIdConnect
from graph_schema.errors import OnefoldError
from serving.access import ROLES, NotAllowed, Principal
from serving.console.sign_in import let_in
from serving.service import TheService

# It asks for another httpx than the rest of this program has, on the terminal.
warnings.simplefilter("ignore", AuthlibDeprecationWarning)

from authlib.integrations.base_client.errors import MismatchingStateError  # noqa: E402 - only now
from authlib.integrations.starlette_client import OAuth  # noqa: E402

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
        self._client = OAuth().register(
            "onefold",
            client_id=rules.client_id,
            server_metadata_url=f"{rules.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": rules.scope, "code_challenge_method": "S256", "timeout": _TIMEOUT_S},
        )

    async def start(self, request: Request, redirect_uri: str) -> Response:
        """Sends whoever signs in there; raises ``ProviderFailed``."""
        try:
            told = await self._client.load_server_metadata()
        except (httpx.HTTPError, ValueError):
            raise ProviderFailed("the identity provider can't be reached") from None
        if told.get("issuer") != self.rules.issuer:
            told.clear()
            raise ProviderFailed("the identity provider calls itself otherwise than the rules")
        # What it lists by itself may be no signature at all.
        told["id_token_signing_alg_values_supported"] = _ALGORITHMS
        found: Response = await self._client.authorize_redirect(request, redirect_uri)
        return found

    async def finish(self, request: Request) -> Principal:
        """Who came back. Raises ``ProviderFailed``, and ``NotAllowed`` for whom nobody sent there from here,
        and for an account that has none of the roles."""
        secret = os.environ.get(SECRET_VARIABLE)
        auth = httpx.BasicAuth(quote_plus(self.rules.client_id), quote_plus(secret)) if secret else None
        expected = {"iss": self.rules.issuer, "aud": self.rules.client_id}
        options = {name: {"essential": True, "value": value} for name, value in expected.items()}
        try:
            told = await self._client.authorize_access_token(
                request, auth=auth, claims_options=options, leeway=_LEEWAY_S
            )
            return self._principal(told["userinfo"])
        except MismatchingStateError:
            raise NotAllowed("this sign-in was not begun here", way_out="Begin at /console/sign-in") from None
        except (AuthlibBaseError, JoseError, httpx.HTTPError, KeyError, ValueError):
            raise ProviderFailed("the identity provider didn't confirm who this is") from None

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


def routes(rules: OpenIdConnect) -> APIRouter:
    """The ways to an identity provider and back."""
    provider, router = Provider(rules), APIRouter()

    @router.get("/sign-in/provider")
    async def to_provider(request: Request) -> Response:
        return await provider.start(request, _back(request))

    @router.get("/signed-in")
    async def from_provider(request: Request, service: TheService) -> Response:
        found = await provider.finish(request)
        return await run_in_threadpool(let_in, request, service, found, service.keyring.provider)

    return router


def _back(request: Request) -> str:
    """The address at which the provider's answer is taken; behind a proxy the environment names it."""
    outside = os.environ.get("ONEFOLD_PUBLIC_URL", "").rstrip("/")
    return f"{outside or f'{request.url.scheme}://{request.url.netloc}'}/console/signed-in"
