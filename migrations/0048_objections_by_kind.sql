-- Whoever had an entry, also without a phone, could hold up the end with an objection, and each had to be answered by itself.
ALTER TABLE objections ADD COLUMN kind text NOT NULL DEFAULT 'other';
ALTER TABLE objections
    ADD CONSTRAINT objections_kind_known CHECK (kind IN ('counts', 'marks', 'eligibility', 'winner', 'other')) NOT VALID;
ALTER TABLE objections VALIDATE CONSTRAINT objections_kind_known;
-- squawk-ignore ban-drop-constraint
ALTER TABLE objections DROP CONSTRAINT objections_one_each;
-- Of a person the statement that adds one makes sure, under the campaign's lock.
CREATE UNIQUE INDEX objections_one_open_each ON objections (settlement_id, account_id, kind) WHERE answered_at IS NULL;
CREATE INDEX objections_of_settlement ON objections (settlement_id, kind, id);
