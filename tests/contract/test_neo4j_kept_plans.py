"""Plans are made once and kept: they are right on whatever graph they were made."""

from typing import Any

import pytest

from graph_schema.neo4j_store import open_store
from tests.contract.test_neo4j_plans import OF_THE_SCHEMA, STATEMENTS, scans
from tests.services import Service
from tests.services.neo4j_graph import driver

UNUSUAL = {
    "records without an event": "UNWIND range(1, 3000) AS i CREATE (:Record {id: i})",
    "records, one with an event": "UNWIND range(1, 3000) AS i CREATE (:Record {id: i}) WITH count(*) AS all "
    "MATCH (r:Record {id: 1}) CREATE (:Event {id: 1, key: 1})-[:TOLD]->(r)",
    "few records of many events": "UNWIND range(1, 5) AS i CREATE (r:Record {id: i}) WITH r "
    "UNWIND range(1, 200) AS k CREATE (:Event {id: r.id * 1000 + k, key: k})-[:TOLD]->(r)",
    "persons, one index of them not yet counted": "UNWIND range(1, 3000) AS i "
    "CREATE (:Person {id: i, person_id: 'per_' + i})",
}
"""What a graph may hold when a plan is made that is kept ever after."""


@pytest.mark.neo4j
@pytest.mark.parametrize("statement", UNUSUAL.values(), ids=UNUSUAL)
def test_nor_does_it_scan_where_it_was_planned_on_an_unusual_graph(
    neo4j_graph: Service, statement: Any
) -> None:
    open_store(neo4j_graph.url).close()
    with driver(neo4j_graph) as connection, connection.session() as session:
        session.run(statement).consume()
        session.run("CALL db.clearQueryCaches()").consume()
        found = {name: scans(session, name) for name in STATEMENTS.keys() - OF_THE_SCHEMA}
        session.run("CALL db.clearQueryCaches()").consume()
    assert not {name: operators for name, operators in found.items() if operators}
