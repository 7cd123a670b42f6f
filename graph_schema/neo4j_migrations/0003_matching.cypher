// What matching compares: contents, the blocks in which they lie, which resemble each other, and the records that say
// them.

CREATE INDEX content_key IF NOT EXISTS FOR (c:Content) ON (c.key);
CREATE INDEX block_key IF NOT EXISTS FOR (b:Block) ON (b.key);
CREATE INDEX record_says IF NOT EXISTS FOR (r:Record) ON (r.says);
