"""Why Neo4j lets nobody in is told in our words, with its own for which of its reasons it is."""

import pytest
from neo4j.exceptions import Neo4jError

from graph_schema import neo4j_store
from graph_schema.errors import StoreUnavailable


@pytest.mark.parametrize("why", ["Unauthorized", "CredentialsExpired", "AuthenticationRateLimit"])
def test_who_is_not_let_in_is_told_so_and_by_which_settings(why: str) -> None:
    """The first password has to be changed; after a few wrong ones it listens to nobody for seconds."""
    code = f"Neo.ClientError.Security.{why}"
    with pytest.raises(StoreUnavailable) as told, neo4j_store._told("bolt://there:7687"):
        raise Neo4jError._hydrate_neo4j(code=code, message="secret")
    assert f"Neo4j at bolt://there:7687 doesn't let this user in ({why})" in str(told.value)
    assert "ONEFOLD_NEO4J_PASSWORD" in str(told.value)
    assert "secret" not in str(told.value)
