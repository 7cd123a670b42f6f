-- The generic ones among a person's addresses, found without a look at the others: there are few.
DROP INDEX identifier_generic;
CREATE INDEX identifier_generic ON identifier (value) WHERE generic = 1;
