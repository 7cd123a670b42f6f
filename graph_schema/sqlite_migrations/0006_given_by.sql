-- What a steward decided, the newest first.
CREATE INDEX judgement_by ON judgement (judged_by, at, judgement_id) WHERE retracted_at IS NULL;
