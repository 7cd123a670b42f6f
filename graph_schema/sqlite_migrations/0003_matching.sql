-- What matching compares. Contents, and the keys of blocks, are keyed hashes: equal in every store of one key.

ALTER TABLE record ADD COLUMN content INTEGER NOT NULL DEFAULT 0;   -- 0: says nothing that matching compares
ALTER TABLE record ADD COLUMN traits BLOB;                          -- {trait: [value, …]}
CREATE INDEX record_content ON record (content) WHERE content <> 0;

CREATE TABLE content (
    id INTEGER PRIMARY KEY,
    keys BLOB NOT NULL,                 -- [key of a block, …]
    own INTEGER NOT NULL,               -- its weight with itself
    votes INTEGER NOT NULL,             -- 1: it says enough to be matched
    said BLOB                           -- normalised values; NULL once everybody who said so was erased
);
CREATE TABLE block (key INTEGER NOT NULL, content INTEGER NOT NULL, PRIMARY KEY (key, content)) WITHOUT ROWID;
CREATE TABLE edge (
    content INTEGER NOT NULL, other INTEGER NOT NULL, weight INTEGER NOT NULL, PRIMARY KEY (content, other)
) WITHOUT ROWID;                        -- each edge twice, once from either end
