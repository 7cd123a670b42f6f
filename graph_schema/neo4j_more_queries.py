"""More statements of the Neo4j store: what lies beside records and persons, under the same rules."""

from typing import Final, LiteralString

from graph_schema.neo4j_queries import beside, by_place, changed, of, paged

_ROWS: Final = "UNWIND $rows AS row"

# What matching compares

_SAID: Final = "blocks own votes said"
CONTENTS: Final = (
    "UNWIND $rows AS row MATCH (c:Content {key: row[0]}) WHERE c.content = row[1] AND c.blocks IS NOT NULL "
    "RETURN " + of("c", f"content {_SAID}")
)
SPEAKERS: Final = (
    "UNWIND $rows AS row MATCH (r:Record {says: row[0]}) WHERE r.content = row[1] "
    "RETURN r.content, collect(r.id)"
)
SAID_BY: Final = f"{beside('Person', '<-[:IS]-(r)')} WHERE r.content IS NOT NULL RETURN DISTINCT r.content"
BLOCKS: Final = (
    "UNWIND $rows AS row CALL (row) { MATCH (p:Place {key: row[0], block: row[1]}) "
    "WHERE p.content IS NOT NULL RETURN p.content AS content LIMIT $page } "
    "WITH row[1] AS block, collect(content) AS contents RETURN collect([block, contents])"
)
EDGES: Final = (
    "UNWIND $rows AS row MATCH (c:Content {key: row[0]})-[e:RESEMBLES]-(o) USING INDEX SEEK c:Content(key) "
    "WHERE c.content = row[1] RETURN c.content, o.content, e.weight"
)
MERGE_CONTENTS: Final = (
    f"{_ROWS} MERGE (c:Content {{key: row[0], content: row[1]}}) SET {changed('c', _SAID, 2)}"
)
PLACE: Final = f"{_ROWS} MERGE (p:Place {{key: row[0], block: row[1], content: row[2]}}) RETURN count(p)"
DISPLACE: Final = "UNWIND $rows AS row MATCH (p:Place {key: row[0], block: row[1], content: row[2]}) DELETE p"
FORGET_CONTENTS: Final = f"{_ROWS} MATCH (c:Content {{key: row[0]}}) WHERE c.content = row[1] DETACH DELETE c"
# What an erased person resembles may be said by nobody yet: of such a content there is nothing but that.
RESEMBLE: Final = (
    "UNWIND $rows AS row MERGE (c:Content {key: row[0], content: row[1]}) "
    "MERGE (o:Content {key: row[2], content: row[3]}) MERGE (c)-[e:RESEMBLES]->(o) SET e.weight = row[4]"
)
UNRESEMBLE: Final = (
    "UNWIND $rows AS row MATCH (c:Content {key: row[0]})-[e:RESEMBLES]-(o) USING INDEX SEEK c:Content(key) "
    "WHERE c.content = row[1] AND o.content = row[3] DELETE e"
)

# Audiences

MEMBERSHIPS: Final = f"{beside('Person', '-[:IN]->(a)')} RETURN p.id, a.name, a.product"
ENROLLED: Final = (
    "MATCH (p)-[m:IN]->(a) USING INDEX SEEK m:IN(place) WHERE m.place > $after AND m.place < $end "
    "RETURN p.id, a.name, a.product ORDER BY m.place LIMIT $page"
)
AUDIENCES: Final = (
    "UNWIND $rows AS row MERGE (a:Audience {key: row[0], name: row[1], product: row[2]}) RETURN count(a)"
)
ENROL: Final = (
    "UNWIND $rows AS row MERGE (p:Person {id: row[0]}) WITH p, row MATCH (a:Audience {key: row[1]}) "
    "WHERE a.name = row[2] AND a.product = row[3] MERGE (p)-[m:IN]->(a) SET m.place = row[4]"
)
LEAVE: Final = (
    "UNWIND $rows AS row MATCH (p:Person {id: row[0]})-[m:IN]->() USING INDEX SEEK p:Person(id) "
    "WHERE m.place = row[1] DELETE m"
)
DUE: Final = (
    "MATCH (p:Person) WHERE p.due_in = $number AND p.due <= $until "
    "RETURN p.due, p.id ORDER BY p.due_in, p.due, p.id LIMIT $page"
)
SET_DUES: Final = "UNWIND $rows AS row MERGE (p:Person {id: row[0]}) SET p.due_in = row[1], p.due = row[2]"

# What stewards search, and the log of what they did

ALIKE: Final = (
    "UNWIND $rows AS row MATCH (s:Spelling {key: row[0]})<-[:LIKE]-(w) USING INDEX SEEK s:Spelling(key) "
    "WHERE s.text = row[1] RETURN DISTINCT w.word"
)
CALLED: Final = (
    "UNWIND $rows AS row MATCH (w:Word {key: row[0]}) WHERE w.word = row[1] CALL (w) { "
    "MATCH (w)<-[:CALLED]-(p) RETURN p.id AS id ORDER BY id LIMIT $page } RETURN w.word, collect(id)"
)
NAMES: Final = f"{beside('Person', '-[:CALLED]->(w)')} RETURN id, w.word"
WORDS: Final = "UNWIND $rows AS row MATCH (w:Word {key: row[0]}) WHERE w.word = row[1] RETURN w.word"
SPELL: Final = (
    "UNWIND $rows AS row MERGE (w:Word {key: row[0], word: row[1]}) WITH w, row UNWIND row[2] AS spelt "
    "MERGE (s:Spelling {key: spelt[0], text: spelt[1]}) MERGE (w)-[:LIKE]->(s)"
)
CALL: Final = (
    "UNWIND $rows AS row MERGE (p:Person {id: row[0]}) WITH p, row CALL (p, row) { "
    "MATCH (w:Word {key: row[1]}) WHERE w.word = row[2] MERGE (p)-[:CALLED]->(w) }"
)
UNCALL: Final = (
    "UNWIND $rows AS row MATCH (p:Person {id: row[0]})-[called:CALLED]->(w) USING INDEX SEEK p:Person(id) "
    "WHERE w.word = row[1] DELETE called"
)
FORGET_WORDS: Final = (
    "UNWIND $rows AS row MATCH (w:Word {key: row[0]}) WHERE w.word = row[1] "
    "AND NOT EXISTS { (w)<-[:CALLED]-() } "
    "WITH w, COLLECT { MATCH (w)-[:LIKE]->(s) RETURN s.key } AS spellings "
    "DETACH DELETE w WITH spellings UNWIND spellings AS key WITH DISTINCT key MATCH (s:Spelling {key: key}) "
    "WHERE NOT EXISTS { (s)<-[:LIKE]-() } DELETE s"
)
_AUDITED: Final = "id at by role what about why"
AUDIT: Final = (
    f"MATCH (a:Audited) WHERE a.id >= $low AND a.id < $end RETURN {of('a', _AUDITED)} "
    "ORDER BY a.id DESC LIMIT $page"
)
NOTE: Final = f"{_ROWS} CREATE (a:Audited {{{by_place(_AUDITED)}}})"

# Feeds, dead letters, state

CHANGES: Final = (
    "MATCH (c:Changes) WHERE c.last > $after AND c.last < $end RETURN c.last, c.entries "
    "ORDER BY c.last LIMIT $page"
)
TELL_CHANGES: Final = "CREATE (c:Changes {last: $last, entries: $entries})"
DELTAS: Final = (
    "MATCH (d:Deltas) WHERE d.last > $after AND d.last < $end "
    "AND ($audience IS NULL OR $audience IN d.audiences) RETURN d.last, d.entries ORDER BY d.last LIMIT $page"
)
TELL_DELTAS: Final = "CREATE (d:Deltas {last: $last, audiences: $audiences, entries: $entries})"
_LETTER: Final = "id source message_id field reason raw at position"
DEAD_LETTERS: Final = paged("d", "DeadLetter", of("d", _LETTER))
CREATE_DEAD_LETTERS: Final = f"{_ROWS} CREATE (d:DeadLetter {{{by_place(_LETTER)}}})"
EMPTY_DEAD_LETTERS: Final = (
    "UNWIND $rows AS row MATCH (d:DeadLetter {id: row[0]}) SET d.message_id = NULL, d.raw = row[1]"
)
GET: Final = "UNWIND $paths AS path MATCH (s:State {path: path}) RETURN path, s.value"
SCAN: Final = "MATCH (s:State) WHERE s.path STARTS WITH $path RETURN s.path, s.value ORDER BY s.path"
UNSET_STATE: Final = "UNWIND $rows AS row MATCH (s:State {path: row[0]}) DELETE s"
SET_STATE: Final = "UNWIND $rows AS row MERGE (s:State {path: row[0]}) SET s.name = row[1], s.value = row[2]"

# The schema's own history

MIGRATIONS: Final = (
    "MATCH (m:Migration) WHERE m.number > 0 RETURN m.number, m.name, m.checksum ORDER BY m.number"
)
MIGRATED: Final = (
    "MERGE (m:Migration {number: $number}) SET m.name = $name, m.checksum = $checksum, m.at = datetime() "
    "WITH m MATCH (before:Migration {number: $number - 1}) MERGE (m)-[:FOLLOWS]->(before)"
)
INDEXES: Final = "SHOW INDEXES YIELD name, type, state WHERE type <> 'LOOKUP' RETURN name, state"

# What a graph that was replaced leaves behind

_SOME: Final = "WITH n LIMIT $page DETACH DELETE n RETURN count(*)"
_NUMBERED: Final[tuple[tuple[LiteralString, tuple[LiteralString, ...]], ...]] = (
    ("id", ("Event", "Record", "Identifier", "Person", "Case", "Audited", "DeadLetter")),
    ("key", ("Order", "Reward", "Judgement", "Audience", "FormerId", "Content", "Word", "Spelling")),
    ("last", ("Changes", "Deltas")),
    ("slot", ("Commit",)),
)
REMOVALS: Final[tuple[LiteralString, ...]] = (
    *(
        f"MATCH (n:{label}) WHERE n.{number} >= $low AND n.{number} < $end {_SOME}"
        for number, labels in _NUMBERED
        for label in labels
    ),
    "MATCH (n:Place) WHERE n.key >= $low AND n.key < $end AND n.block IS NOT NULL AND n.content IS NOT NULL "
    f"{_SOME}",
    f"MATCH (n:State) WHERE n.path STARTS WITH $path {_SOME}",
    f"MATCH (n:Counter) WHERE n.name STARTS WITH $path {_SOME}",
)
