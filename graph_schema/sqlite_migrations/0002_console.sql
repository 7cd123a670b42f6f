-- What the stewards' console looks up: persons by the words of their names, words by keys that a typing error leaves
-- alone, and the audit log.

CREATE TABLE named (word TEXT NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (word, person)) WITHOUT ROWID;
CREATE INDEX named_person ON named (person);
CREATE TABLE word (word TEXT PRIMARY KEY, keys TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE word_key (key TEXT NOT NULL, word TEXT NOT NULL, PRIMARY KEY (key, word)) WITHOUT ROWID;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,                -- microseconds
    judged_by TEXT NOT NULL,
    role TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL,                -- ids of persons, judgements, cases
    why TEXT NOT NULL
);
