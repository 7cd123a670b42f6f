-- The spine: evidence, identity, profiles, objects, feed. Ids are small integers given out in order, so that what
-- is written together lies together; what must be found by its content is found by an index of short hashes.

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    record INTEGER NOT NULL,
    previous INTEGER NOT NULL,          -- the event of the same record stored before it: a chain, in place of an index
    at INTEGER,                         -- microseconds; when it happened
    stamped INTEGER NOT NULL,           -- 1: at is a time of receipt
    received INTEGER NOT NULL,          -- when this store received it
    source TEXT NOT NULL,
    message_id TEXT NOT NULL,
    content BLOB NOT NULL               -- canonical JSON
);
CREATE TABLE event_key (hash INTEGER PRIMARY KEY, event INTEGER NOT NULL);
CREATE TABLE event_also (record INTEGER NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (record, event)) WITHOUT ROWID;

CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    record_id TEXT NOT NULL,
    person INTEGER NOT NULL,
    first_at INTEGER,
    last_event INTEGER NOT NULL,
    erasures INTEGER NOT NULL,
    ghost INTEGER NOT NULL,             -- 0: living; else when it was erased
    holdings BLOB NOT NULL              -- [[identifier, namespace, first, last, flags], …]
);
CREATE INDEX record_person ON record (person);
CREATE TABLE founded (person_id TEXT PRIMARY KEY, record INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE identifier (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    value TEXT NOT NULL,
    place INTEGER NOT NULL,
    holders INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    claims INTEGER NOT NULL,
    timeless INTEGER NOT NULL,
    sole INTEGER NOT NULL,
    generic INTEGER NOT NULL,
    peers BLOB
);
CREATE INDEX identifier_hash ON identifier (hash);
CREATE INDEX identifier_generic ON identifier (generic) WHERE generic = 1;
CREATE TABLE holder (
    identifier INTEGER NOT NULL, record INTEGER NOT NULL, PRIMARY KEY (identifier, record)
) WITHOUT ROWID;

CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    person_id TEXT NOT NULL,
    founder INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    size INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE TABLE profile (person INTEGER PRIMARY KEY, state BLOB NOT NULL);
CREATE TABLE object (
    id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, state BLOB NOT NULL
);
CREATE INDEX object_hash ON object (hash);

CREATE TABLE related (
    part INTEGER NOT NULL, anchor INTEGER NOT NULL, namespace TEXT NOT NULL, PRIMARY KEY (part, anchor, namespace)
) WITHOUT ROWID;
CREATE INDEX related_anchor ON related (anchor);
CREATE TABLE steward_case (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, records BLOB NOT NULL, identifiers BLOB NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE case_record (
    record INTEGER NOT NULL, steward_case INTEGER NOT NULL, PRIMARY KEY (record, steward_case)
) WITHOUT ROWID;

CREATE TABLE judgement (
    judgement_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    sides BLOB NOT NULL,                -- [[[source, record_id], …], […]]
    at INTEGER,
    judged_by TEXT NOT NULL,
    why TEXT NOT NULL,
    founders BLOB NOT NULL,             -- [[source, record_id, source, message_id], …]
    retracted_at INTEGER
) WITHOUT ROWID;
CREATE TABLE judged (
    record INTEGER NOT NULL, judgement_id TEXT NOT NULL, PRIMARY KEY (record, judgement_id)
) WITHOUT ROWID;

CREATE TABLE change (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    person_id TEXT NOT NULL,
    came_from TEXT,
    went_into TEXT,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL
);
CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY,
    source TEXT,
    message_id TEXT,
    field TEXT NOT NULL,
    reason TEXT NOT NULL,
    raw BLOB NOT NULL,
    at INTEGER NOT NULL,
    position TEXT
);
CREATE TABLE membership (
    person INTEGER NOT NULL, audience TEXT NOT NULL, product TEXT NOT NULL, PRIMARY KEY (person, audience, product)
) WITHOUT ROWID;
CREATE INDEX membership_audience ON membership (audience, product, person);
CREATE TABLE delta (
    seq INTEGER PRIMARY KEY,
    audience TEXT NOT NULL,
    product TEXT NOT NULL,
    person_id TEXT NOT NULL,
    added INTEGER NOT NULL,             -- 0: removed
    at INTEGER NOT NULL
);
CREATE INDEX delta_audience ON delta (audience, seq);
CREATE TABLE due (person INTEGER PRIMARY KEY, at INTEGER NOT NULL);
CREATE INDEX due_at ON due (at);
CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
