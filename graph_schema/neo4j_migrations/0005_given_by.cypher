// What a steward decided, the newest first.

CREATE INDEX judgement_by IF NOT EXISTS FOR (j:Judgement) ON (j.judged_by, j.at, j.judgement_id);
