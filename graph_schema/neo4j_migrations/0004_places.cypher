// A content lies in a dozen blocks, most of them its own: one node for each, found by all that it holds, instead of a
// node for the block and a relationship to it.

CREATE INDEX place_found IF NOT EXISTS FOR (p:Place) ON (p.key, p.block, p.content);
MATCH (c:Content)-[:LIES_IN]->(b:Block) CALL (c, b) {
  MERGE (:Place {key: b.key, block: b.block, content: c.content})
} IN TRANSACTIONS OF 10000 ROWS;
MATCH (b:Block) CALL (b) { DETACH DELETE b } IN TRANSACTIONS OF 10000 ROWS;
DROP INDEX block_key IF EXISTS;
