"""Every statement that the Neo4j store speaks: parameters only, batches by UNWIND, all found by an index.

Rows come as lists. Numbers named ``id``, ``key`` and ``last`` are the graph's (see ``neo4j_rows``). What has
to read everything reads it page by page, in the order of an index. A path names the index that it starts
from, and no label elsewhere: a plan is made once, perhaps while there are no nodes of the other kind yet, and
a planner would rather begin there.
"""

from typing import Final, LiteralString

_ROWS: Final = "UNWIND $rows AS row"


def of(name: LiteralString, properties: LiteralString) -> LiteralString:
    """Properties of what has this name, as an answer has them."""
    return ", ".join(f"{name}.{one}" for one in properties.split())


def by_place(properties: LiteralString, first: int = 0) -> LiteralString:
    """What a map of properties says, each by its place in a row."""
    return ", ".join(f"{one}: row[{at}]" for at, one in enumerate(properties.split(), first))


def changed(name: LiteralString, properties: LiteralString, first: int = 1) -> LiteralString:
    """The same as changes of what has this name."""
    return ", ".join(f"{name}.{one} = row[{at}]" for at, one in enumerate(properties.split(), first))


def paged(name: LiteralString, label: LiteralString, answer: LiteralString) -> LiteralString:
    """Some nodes of a label, beyond those that were given before, in the order of their numbers."""
    found = f"MATCH ({name}:{label}) WHERE {name}.id > $after AND {name}.id < $end"
    return f"{found} RETURN {answer} ORDER BY {name}.id LIMIT $page"


def beside(label: LiteralString, path: LiteralString) -> LiteralString:
    """What a path leads to from each node of a label, of those asked for by number; such a node is called by
    the first letter of its label."""
    start = f"{label[0].lower()}:{label}"
    return f"UNWIND $ids AS id MATCH ({start} {{id: id}}){path} USING INDEX SEEK {start}(id)"


# The graph, its turns and its counters

NEW_NUMBER: Final = (
    "MERGE (c:Counter {name: 'graphs'}) SET c.turn = true WITH c SET c.last = coalesce(c.last, -1) + 1 "
    "RETURN c.last"
)
NEW_GRAPH: Final = (
    "MERGE (g:Graph {name: $name}) ON CREATE SET g.number = $number, g.commits = 0, g.changes = 0, "
    "g.deltas = 0, g.letters = 0, g.cases = 0 RETURN g.number"
)
_GRAPH: Final = "RETURN g.number, g.commits, g.changes, g.deltas, g.letters, g.cases"
GRAPH: Final = f"MATCH (g:Graph {{name: $name}}) {_GRAPH}"
LOCK: Final = f"MATCH (g:Graph {{name: $name}}) SET g.writer = $writer WITH g {_GRAPH}"
RENAME: Final = "MATCH (g:Graph {name: $name}) SET g.name = $to"
ALONE: Final = "MERGE (c:Counter {name: $name}) SET c.turn = true"
REMOVE_GRAPH: Final = "MATCH (g:Graph {name: $name}) DELETE g"
COMMIT: Final = (
    "MATCH (g:Graph {name: $name}) SET g.commits = $commits, g.changes = $changes, g.deltas = $deltas, "
    "g.letters = $letters, g.cases = $cases "
    "MERGE (c:Commit {slot: $slot}) SET c.number = $commits, c.keys = $keys"
)
COMMITS: Final = "UNWIND $slots AS slot MATCH (c:Commit {slot: slot}) RETURN c.number, c.keys"
RESERVE: Final = (
    "MERGE (c:Counter {name: $name}) SET c.turn = true WITH c "
    "SET c.last = coalesce(c.last, 0) + $count RETURN c.last"
)

# Events

_SAID: Final = "source message_id at stamped received record previous content"
_EVENT: Final = of("e", f"id {_SAID}")
SEEN: Final = "UNWIND $keys AS key MATCH (e:Event {key: key}) RETURN e.source, e.message_id, e.id"
EVENTS: Final = f"UNWIND $ids AS id MATCH (e:Event {{id: id}}) RETURN {_EVENT}"
ALL_EVENTS: Final = paged("e", "Event", _EVENT)
HISTORY: Final = f"{beside('Record', '<-[:TOLD|ALSO_TOLD]-(e)')} RETURN {_EVENT}, r.id"
_TOLD: Final = by_place(f"id key {_SAID}")
CREATE_EVENTS: Final = (
    f"UNWIND $rows AS of CALL (of) {{ UNWIND of[1] AS row CREATE (e:Event {{{_TOLD}}}) RETURN collect(e) "
    "AS es } MATCH (r:Record {id: of[0]}) UNWIND es AS e CREATE (e)-[:TOLD]->(r)"
)
MERGE_EVENTS: Final = (
    f"{_ROWS} MERGE (e:Event {{id: row[0]}}) SET e += {{{_TOLD}}} WITH e, row "
    "OPTIONAL MATCH (e)-[was:TOLD]->() DELETE was WITH DISTINCT e, row "
    "MATCH (r:Record {id: row[10]}) CREATE (e)-[:TOLD]->(r)"
)
ERASE_EVENTS: Final = (
    f"{beside('Record', '<-[:TOLD]-(e)')} WITH DISTINCT e, e.key AS key DETACH DELETE e RETURN key"
)
ALSO_ERASED: Final = f"{beside('Record', '<-[told:ALSO_TOLD]-(e)')} DELETE told"
ALSO: Final = (
    "UNWIND $rows AS row MATCH (r:Record {id: row[0]}) "
    "CALL (r, row) { MATCH (e:Event {id: row[1]}) MERGE (e)-[:ALSO_TOLD]->(r) }"
)
ALSO_GONE: Final = (
    "UNWIND $rows AS row MATCH (e:Event {id: row[1]})-[told:ALSO_TOLD]->(r) USING INDEX SEEK e:Event(id) "
    "WHERE r.id = row[0] DELETE told"
)

# Records

_RECORD: Final = of(
    "r", "id source record_id person first_at last_event holdings erasures ghost content traits"
)
RECORDS: Final = f"UNWIND $ids AS id MATCH (r:Record {{id: id}}) RETURN {_RECORD}"
ALL_RECORDS: Final = paged("r", "Record", _RECORD)
FOUNDED: Final = f"UNWIND $keys AS key MATCH (r:Record {{founds_key: key}}) RETURN r.founds, {_RECORD}"
FORMERLY_FOUNDED: Final = "UNWIND $keys AS key MATCH (f:FormerId {key: key}) RETURN f.person_id, f.record"
ALL_FOUNDED: Final = (
    "MATCH (r:Record) WHERE r.id > $after AND r.id < $end "
    "WITH r ORDER BY r.id LIMIT $page RETURN r.id, r.founds"
)
ALL_FORMERLY_FOUNDED: Final = (
    "MATCH (f:FormerId) WHERE f.key > $after AND f.key < $end RETURN f.key, f.person_id, f.record"
)
FOUND: Final = "UNWIND $rows AS row MERGE (f:FormerId {key: row[0], person_id: row[1]}) SET f.record = row[2]"
UNFOUND: Final = (
    "UNWIND $rows AS row MATCH (r:Record {founds_key: row[0]}) WHERE r.founds = row[1] "
    "REMOVE r.founds, r.founds_key"
)
FORMERLY_UNFOUND: Final = f"{_ROWS} MATCH (f:FormerId {{key: row[0]}}) WHERE f.person_id = row[1] DELETE f"
_TOLD_OF: Final = "id: row[0], " + by_place(
    "source record_id person first_at last_event holdings erasures ghost content says traits", 2
)
CREATE_RECORDS: Final = (
    f"{_ROWS} MATCH (p:Person {{id: row[1]}}) "
    f"CREATE (r:Record {{{_TOLD_OF}, founds: row[13], founds_key: row[14]}})-[:IS]->(p)"
)
MERGE_RECORDS: Final = (
    f"{_ROWS} MERGE (r:Record {{id: row[0]}}) SET r += {{{_TOLD_OF}}} WITH r, row OPTIONAL MATCH "
    "(r)-[was:IS]->() DELETE was WITH DISTINCT r, row MERGE (p:Person {id: row[1]}) CREATE (r)-[:IS]->(p)"
)
UPDATE_RECORDS: Final = f"{_ROWS} MATCH (r:Record {{id: row[0]}}) SET " + changed(
    "r", "first_at last_event holdings content says traits"
)
DELETE_RECORDS: Final = "UNWIND $ids AS id MATCH (r:Record {id: id}) DETACH DELETE r"

# Identifiers

_NODE: Final = "namespace value place holders unknown claims timeless sole generic peers"
_IDENTIFIER: Final = of("i", f"id {_NODE}")
_FEW_HOLDERS: Final = "CASE WHEN i.holders <= 16 THEN COLLECT { MATCH (i)<-[:CARRIES]-(r) RETURN r.id } END"
IDENTIFIERS: Final = f"UNWIND $ids AS id MATCH (i:Identifier {{id: id}}) RETURN {_IDENTIFIER}, {_FEW_HOLDERS}"
NAMED: Final = f"UNWIND $keys AS key MATCH (i:Identifier {{key: key}}) RETURN {_IDENTIFIER}, {_FEW_HOLDERS}"
ALL_IDENTIFIERS: Final = paged("i", "Identifier", _IDENTIFIER)
HOLDERS: Final = f"{beside('Identifier', '<-[:CARRIES]-(r)')} RETURN i.id, collect(r.id)"
_COUNTED: Final = by_place(f"id key {_NODE}")
CREATE_IDENTIFIERS: Final = f"{_ROWS} CREATE (i:Identifier {{{_COUNTED}}})"
MERGE_IDENTIFIERS: Final = f"{_ROWS} MERGE (i:Identifier {{id: row[0]}}) SET i += {{{_COUNTED}}}"
_HOLDING: Final = (
    "UNWIND $rows AS row MATCH (r:Record {id: row[0]}) UNWIND row[1] AS held "
    "CALL (r, held) { MATCH (i:Identifier {id: held})"
)
HOLD: Final = f"{_HOLDING} CREATE (r)-[:CARRIES]->(i) }}"
HOLD_ONCE: Final = f"{_HOLDING} MERGE (r)-[:CARRIES]->(i) }}"
LET_GO: Final = (
    "UNWIND $rows AS row MATCH (r:Record {id: row[1]})-[held:CARRIES]->(i) USING INDEX SEEK r:Record(id) "
    "WHERE i.id = row[0] DELETE held"
)

# Persons

_COUNTS: Final = "person_id founder flags size version"
_PERSON: Final = of("p", f"id {_COUNTS}")
PERSONS: Final = f"{beside('Person', '')} WHERE p.person_id IS NOT NULL RETURN {_PERSON}"
ALL_PERSONS: Final = (
    f"MATCH (p:Person) WHERE p.id > $after AND p.id < $end WITH p ORDER BY p.id LIMIT $page RETURN {_PERSON}"
)
MEMBERS: Final = f"{beside('Person', '<-[:IS]-(r)')} RETURN p.id, collect(r.id)"
PROFILES: Final = (
    "UNWIND $ids AS id MATCH (p:Person {id: id}) WHERE p.profile IS NOT NULL RETURN p.id, p.profile"
)
CREATE_PERSONS: Final = f"{_ROWS} CREATE (p:Person {{{by_place(f'id {_COUNTS} profile')}}})"
MERGE_PERSONS: Final = (
    f"{_ROWS} MERGE (p:Person {{id: row[0]}}) SET {changed('p', _COUNTS)}, "
    "p.profile = coalesce(row[6], p.profile)"
)
SET_PROFILES: Final = "UNWIND $rows AS row MATCH (p:Person {id: row[0]}) SET p.profile = row[1]"
DELETE_PERSONS: Final = "UNWIND $ids AS id MATCH (p:Person {id: id}) DETACH DELETE p"

# Orders and rewards

ORDERS: Final = "UNWIND $keys AS key MATCH (o:Order {key: key}) RETURN o.order_id, o.state"
REWARDS: Final = "UNWIND $keys AS key MATCH (o:Reward {key: key}) RETURN o.reward_code, o.state"
_OF_A_PAGE: Final = "WHERE o.key > $after AND o.key < $end RETURN o.key"
_STATES: Final = "o.state ORDER BY o.key LIMIT $page"
ALL_ORDERS: Final = f"MATCH (o:Order) {_OF_A_PAGE}, o.order_id, {_STATES}"
ALL_REWARDS: Final = f"MATCH (o:Reward) {_OF_A_PAGE}, o.reward_code, {_STATES}"
MERGE_ORDERS: Final = f"{_ROWS} MERGE (o:Order {{key: row[0], order_id: row[1]}}) SET o.state = row[2]"
MERGE_REWARDS: Final = f"{_ROWS} MERGE (o:Reward {{key: row[0], reward_code: row[1]}}) SET o.state = row[2]"
DELETE_ORDERS: Final = f"{_ROWS} MATCH (o:Order {{key: row[0]}}) WHERE o.order_id = row[1] DETACH DELETE o"
DELETE_REWARDS: Final = (
    f"{_ROWS} MATCH (o:Reward {{key: row[0]}}) WHERE o.reward_code = row[1] DETACH DELETE o"
)

# What stewards see and say

_WORD: Final = "kind sides at judged_by why founders retracted_at"
_JUDGEMENT: Final = of("j", f"judgement_id {_WORD}")
JUDGEMENTS: Final = f"{beside('Record', '<-[:JUDGES]-(j)')} WITH DISTINCT j RETURN {_JUDGEMENT}"
GIVEN: Final = (
    f"{_ROWS} MATCH (j:Judgement {{key: row[0]}}) WHERE j.judgement_id = row[1] RETURN {_JUDGEMENT}"
)
GIVEN_BY: Final = (
    "MATCH (j:Judgement) USING INDEX SEEK j:Judgement(judged_by, at, judgement_id) "
    "WHERE j.judged_by = $name AND j.at <= $at AND j.judgement_id IS NOT NULL "
    "AND CASE WHEN j.at = $at THEN j.judgement_id < $id ELSE true END AND j.key > $after AND j.key < $end "
    f"AND j.retracted_at IS NULL RETURN {_JUDGEMENT} "
    "ORDER BY j.judged_by DESC, j.at DESC, j.judgement_id DESC LIMIT $page"
)
ALL_JUDGEMENTS: Final = (
    f"MATCH (j:Judgement) WHERE j.key > $after AND j.key < $end RETURN {_JUDGEMENT} ORDER BY j.judgement_id"
)
MERGE_JUDGEMENTS: Final = (
    f"{_ROWS} MERGE (j:Judgement {{key: row[0], judgement_id: row[1]}}) SET {changed('j', _WORD, 2)}"
)
JUDGE: Final = (
    "UNWIND $rows AS row MATCH (r:Record {id: row[0]}) CALL (r, row) { "
    "MATCH (j:Judgement {key: row[1]}) WHERE j.judgement_id = row[2] MERGE (j)-[:JUDGES]->(r) }"
)
UNJUDGE: Final = f"{_ROWS} MATCH (j:Judgement {{key: row[0]}}) WHERE j.judgement_id = row[1] DETACH DELETE j"
RELATED: Final = (
    f"{beside('Record', '-[m:MAY_BE]-()')} WITH DISTINCT m RETURN startNode(m).id, endNode(m).id, m.namespace"
)
RELATE: Final = (
    "UNWIND $rows AS row MATCH (part:Record {id: row[0]}) CALL (part, row) { "
    "MATCH (anchor:Record {id: row[1]}) MERGE (part)-[:MAY_BE {namespace: row[2]}]->(anchor) }"
)
UNRELATE: Final = f"{beside('Record', '-[m:MAY_BE]->()')} DELETE m"
_CASE: Final = of("c", "kind records identifiers detail")
CASES: Final = f"{beside('Record', '<-[:ABOUT]-(c)')} WITH DISTINCT c RETURN {_CASE}"
ALL_CASES: Final = f"MATCH (c:Case) WHERE c.id > $after AND c.id < $end RETURN {_CASE} ORDER BY c.id"
OPEN_CASES: Final = (
    "UNWIND $rows AS row CREATE (c:Case {id: row[0], kind: row[1], records: row[2], identifiers: row[3], "
    "detail: row[4]}) WITH c, row UNWIND row[5] AS id MATCH (r:Record {id: id}) CREATE (c)-[:ABOUT]->(r)"
)
CLOSE_CASES: Final = f"{beside('Record', '<-[:ABOUT]-(c)')} WITH DISTINCT c DETACH DELETE c"
