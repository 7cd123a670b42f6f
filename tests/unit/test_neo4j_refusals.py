"""Why Neo4j lets nobody in is told in our words, with its own for which of its reasons it is."""

import ssl

import pytest
from neo4j.exceptions import Neo4jError, ServiceUnavailable

from graph_schema.errors import StoreUnavailable
from graph_schema.neo4j_refusals import told


@pytest.mark.parametrize("why", ["Unauthorized", "CredentialsExpired", "AuthenticationRateLimit"])
def test_who_is_not_let_in_is_told_so_and_by_which_settings(why: str) -> None:
    """The first password has to be changed; after a few wrong ones it listens to nobody for seconds."""
    code = f"Neo.ClientError.Security.{why}"
    with pytest.raises(StoreUnavailable) as refused, told("bolt://there:7687"):
        raise Neo4jError._hydrate_neo4j(code=code, message="secret")
    assert f"Neo4j at bolt://there:7687 doesn't let this user in ({why})" in str(refused.value)
    assert "ONEFOLD_NEO4J_PASSWORD" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("is_routed", [False, True])
def test_a_certificate_that_does_not_hold_is_not_taken_for_a_server_that_is_away(is_routed: bool) -> None:
    untrusted = ssl.SSLCertVerificationError()
    untrusted.verify_message = "certificate has expired"
    reason = ServiceUnavailable("it can't be connected to")
    reason.__cause__ = untrusted
    with pytest.raises(StoreUnavailable) as refused, told("neo4j+s://there:7687"):
        raise ServiceUnavailable("no route") from (ExceptionGroup("all", [reason]) if is_routed else reason)
    assert "doesn't hold (certificate has expired)" in str(refused.value)
    assert "SSL_CERT_FILE" in str(refused.value)
