"""How Neo4j would answer each statement of the store: by an index, never by looking at everything."""

import re
from collections.abc import Iterator
from typing import Any

import neo4j
import pytest

from graph_schema import neo4j_more_queries, neo4j_queries
from graph_schema.neo4j_asking import spoken
from graph_schema.neo4j_store import address_of, open_store

STATEMENTS = {
    name: value
    for name, value in {**vars(neo4j_queries), **vars(neo4j_more_queries)}.items()
    if name.isupper() and not name.startswith("_") and isinstance(value, str)
} | {f"REMOVALS[{at}]": one for at, one in enumerate(neo4j_more_queries.REMOVALS)}
SCANS = re.compile(
    r"AllNodesScan|NodeByLabelScan|CartesianProduct|RelationshipTypeScan|IndexScan|NodeHashJoin|^(Sort|Top)$"
)
SORTED = {"ALL_JUDGEMENTS": "Sort", "CALLED": "Top"}
"""What reads all that it sorts: every word of the stewards, and everybody who is called by a word."""
OF_THE_SCHEMA = {"INDEXES"}
"""What asks for the schema itself can't be explained, and looks at nothing else."""


@pytest.fixture(scope="module")
def session(neo4j_service: Any) -> Iterator[neo4j.Session]:
    with neo4j_service.among_others():
        open_store(neo4j_service.url).close()
        address = address_of(neo4j_service.url)
        with neo4j.GraphDatabase.driver(address.server, auth=address.auth) as driver, driver.session() as one:
            yield one


def operators(plan: dict[str, Any]) -> Iterator[str]:
    """The operators of a plan, as it tells them."""
    yield plan["operatorType"].partition("@")[0]
    for child in plan.get("children", ()):
        yield from operators(child)


def scans(session: neo4j.Session, name: str) -> list[str]:
    """What a statement would look at as a whole, or sort for the first of it."""
    asked: dict[str, Any] = dict.fromkeys(re.findall(r"\$(\w+)", STATEMENTS[name]), 1)
    asked |= {"rows": [[1, [2]] * 6]} if "rows" in asked else {}
    plan = session.run(spoken(f"EXPLAIN {STATEMENTS[name]}"), {"p": asked}).consume().plan
    assert plan is not None
    found = (operator for operator in operators(plan) if SCANS.search(operator))
    return [operator for operator in found if operator != SORTED.get(name)]


@pytest.mark.neo4j
@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - OF_THE_SCHEMA))
def test_every_statement_finds_its_nodes_by_an_index(session: neo4j.Session, name: str) -> None:
    assert not scans(session, name)


PATH = re.compile(r"MATCH (\([^)]*\))(<?-\[[^)]*\))( USING INDEX SEEK \w+:\w+\(\w+\))?")


def test_a_path_starts_at_the_index_that_it_names_whatever_the_graph_holds_when_it_is_planned() -> None:
    found = 0
    for name, statement in STATEMENTS.items():
        for start, rest, index in PATH.findall(statement):
            found += 1
            bound = re.fullmatch(r"\(\w\)", start) and not index
            assert bool(index) != bool(bound), f"{name}: {start}{rest}"
            assert not re.search(r"\(\w*:", rest), f"{name}: {rest}"
    assert found > 20


def test_where_an_index_is_named_a_plan_may_not_go_through_all_of_it() -> None:
    for name, statement in STATEMENTS.items():
        assert statement.count("USING INDEX ") == statement.count("USING INDEX SEEK "), name


@pytest.mark.neo4j
def test_a_scan_would_be_seen(session: neo4j.Session) -> None:
    plan = session.run("EXPLAIN MATCH (p:Person), (r:Record) WHERE p.size > 1 RETURN p, r").consume().plan
    assert plan is not None
    assert {one for one in operators(plan) if SCANS.search(one)} >= {"NodeByLabelScan", "CartesianProduct"}


def test_statements_take_values_by_parameters_alone() -> None:
    for name, statement in STATEMENTS.items():
        quoted = set(re.findall(r"'([^']*)'", statement))
        assert quoted <= {"graphs", "LOOKUP"}, name


def test_no_statement_is_planned_again_for_other_sizes_or_a_larger_graph() -> None:
    for name, statement in STATEMENTS.items():
        sent = spoken(statement)
        assert sent.startswith("CYPHER replan=skip "), name
        # Of a map the server knows no more than that it is one; of a list it knows size and kind.
        assert set(re.findall(r"\$(\w+)", sent)) <= {"p"}, name


def test_no_statement_asks_for_one_thing_or_another() -> None:
    # On some graphs it would be planned as two, whose rows are put together and sorted.
    assert not [name for name, statement in STATEMENTS.items() if re.search(r"OR \w+\.", statement)]
