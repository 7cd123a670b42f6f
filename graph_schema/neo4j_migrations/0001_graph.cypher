// The identity graph. Numbers named id, key and last carry the number of their graph in front (several graphs may
// share one database), so that looking up and reading in order stay within one. A key is a short hash of what a node
// is called by; whoever finds one compares the rest, so keys are not unique.

CREATE CONSTRAINT migration_number IF NOT EXISTS FOR (m:Migration) REQUIRE m.number IS UNIQUE;
CREATE CONSTRAINT graph_name IF NOT EXISTS FOR (g:Graph) REQUIRE g.name IS UNIQUE;
CREATE CONSTRAINT counter_name IF NOT EXISTS FOR (c:Counter) REQUIRE c.name IS UNIQUE;

// What a person exploring follows.
CREATE CONSTRAINT event_id IF NOT EXISTS FOR (e:Event) REQUIRE e.id IS UNIQUE;
CREATE INDEX event_key IF NOT EXISTS FOR (e:Event) ON (e.key);
CREATE CONSTRAINT record_id IF NOT EXISTS FOR (r:Record) REQUIRE r.id IS UNIQUE;
CREATE INDEX record_founds IF NOT EXISTS FOR (r:Record) ON (r.founds_key);
CREATE CONSTRAINT identifier_id IF NOT EXISTS FOR (i:Identifier) REQUIRE i.id IS UNIQUE;
CREATE INDEX identifier_key IF NOT EXISTS FOR (i:Identifier) ON (i.key);
CREATE INDEX identifier_value IF NOT EXISTS FOR (i:Identifier) ON (i.value);
CREATE INDEX identifier_generic IF NOT EXISTS FOR (i:Identifier) ON (i.generic);
CREATE CONSTRAINT person_id IF NOT EXISTS FOR (p:Person) REQUIRE p.id IS UNIQUE;
CREATE INDEX person_name IF NOT EXISTS FOR (p:Person) ON (p.person_id);
CREATE INDEX person_due IF NOT EXISTS FOR (p:Person) ON (p.due_in, p.due);
CREATE INDEX order_key IF NOT EXISTS FOR (o:Order) ON (o.key);
CREATE INDEX reward_key IF NOT EXISTS FOR (o:Reward) ON (o.key);
CREATE INDEX judgement_key IF NOT EXISTS FOR (j:Judgement) ON (j.key);
CREATE CONSTRAINT case_id IF NOT EXISTS FOR (c:Case) REQUIRE c.id IS UNIQUE;
CREATE INDEX audience_key IF NOT EXISTS FOR (a:Audience) ON (a.key);
CREATE INDEX in_place IF NOT EXISTS FOR ()-[m:IN]-() ON (m.place);

// What the store needs besides.
CREATE INDEX former_id_key IF NOT EXISTS FOR (f:FormerId) ON (f.key);
CREATE CONSTRAINT state_path IF NOT EXISTS FOR (s:State) REQUIRE s.path IS UNIQUE;
CREATE CONSTRAINT dead_letter_id IF NOT EXISTS FOR (d:DeadLetter) REQUIRE d.id IS UNIQUE;
CREATE CONSTRAINT changes_last IF NOT EXISTS FOR (c:Changes) REQUIRE c.last IS UNIQUE;
CREATE CONSTRAINT deltas_last IF NOT EXISTS FOR (d:Deltas) REQUIRE d.last IS UNIQUE;
CREATE CONSTRAINT commit_slot IF NOT EXISTS FOR (c:Commit) REQUIRE c.slot IS UNIQUE;
