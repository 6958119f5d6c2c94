-- A sanction ended by the clock without a word to its person, and boards followed within a quarter of a minute; and the app's ban replaced a moderator's.
ALTER TABLE sanctions ADD COLUMN lapsed_at timestamptz;
-- What has ended before is not told again.
UPDATE sanctions SET lapsed_at = until WHERE until <= clock_timestamp() AND lifted_at IS NULL;
-- Sanctions whose end the worker has to notice.
CREATE INDEX sanctions_to_lapse ON sanctions (until, id) WHERE lifted_at IS NULL AND lapsed_at IS NULL AND until IS NOT NULL;

-- The app's ban and that of a moderator stand beside each other, and each ends by itself.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX sanctions_once;
CREATE UNIQUE INDEX sanctions_once ON sanctions (account_id, kind, (imposed_by IS NULL)) WHERE lifted_at IS NULL;
