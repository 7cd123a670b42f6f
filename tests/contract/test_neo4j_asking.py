"""Statements sent one behind the other: answers in their order, and none of them counts where one fails."""

import neo4j
import pytest
from neo4j.exceptions import ClientError, TransactionError

from graph_schema.neo4j_asking import Ask
from tests.services import Service
from tests.services.neo4j_graph import driver

pytestmark = pytest.mark.neo4j
NOTE = "UNWIND $rows AS row MERGE (a:Asked {id: row}) RETURN a.id"
WRONG = "UNWIND $rows AS row RETURN 1 / (row - row)"


def noted(session: neo4j.Session) -> set[int]:
    return {
        row[0] for row in Ask(session)("MATCH (a:Asked) WHERE a.id IN $rows RETURN a.id", {"rows": [1, 2, 3]})
    }


def test_answers_come_in_the_order_of_what_was_asked_and_what_was_told_is_done(neo4j_graph: Service) -> None:
    with driver(neo4j_graph) as connection, connection.session() as session:
        with session.begin_transaction() as transaction:
            ask = Ask(transaction)
            ask.tell(NOTE, {"rows": [1]})
            assert ask.together((NOTE, {"rows": [2]}), (NOTE, {"rows": [3, 1]})) == [[[2]], [[3], [1]]]
            ask.tell(NOTE, {"rows": list(range(4, 200))})
        assert noted(session) == {1, 2, 3}


def fail(session: neo4j.Session, ends: str) -> None:
    with session.begin_transaction() as transaction:
        ask = Ask(transaction)
        for statement in (NOTE, WRONG, NOTE):
            ask.tell(statement, {"rows": [1]})
        if ends == "by an answer":
            try:
                ask(NOTE, {"rows": [2]})
            finally:
                with pytest.raises(TransactionError):
                    ask.tell(NOTE, {"rows": [3]})


@pytest.mark.parametrize("ends", ["by the commit", "by an answer"])
def test_where_one_fails_all_fail_and_nothing_else_is_sent(neo4j_graph: Service, ends: str) -> None:
    with driver(neo4j_graph) as connection, connection.session() as session:
        with pytest.raises(ClientError):
            fail(session, ends)
        assert noted(session) == set()


def test_the_drivers_log_tells_nothing_of_what_is_sent(
    neo4j_graph: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "neo4j.io")
    with driver(neo4j_graph) as connection, connection.session() as session:
        with session.begin_transaction() as transaction:
            Ask(transaction).tell(NOTE, {"rows": ["ana@example.com"]})
        Ask(session)(NOTE, {"rows": ["ben@example.com"]})
    assert "C: RUN" in caplog.text
    assert "@example.com" not in caplog.text
