// What the stewards' console looks up: persons by the words of their names, words by spellings that a typing error
// leaves alone, and the audit log.

CREATE INDEX word_key IF NOT EXISTS FOR (w:Word) ON (w.key);
CREATE INDEX spelling_key IF NOT EXISTS FOR (s:Spelling) ON (s.key);
CREATE CONSTRAINT audited_id IF NOT EXISTS FOR (a:Audited) REQUIRE a.id IS UNIQUE;
