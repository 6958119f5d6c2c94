-- The next medium of a kind is the one with the lowest turn; a new one gets its turn from those of its owner.
-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS media_to_process_by_turn ON media (kind, turn, uploaded_at)
WHERE state = 'processing' AND removed_at IS NULL AND uploaded_at IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS media_to_process_of_owner ON media (owner_id, kind, turn)
WHERE state = 'processing' AND removed_at IS NULL AND uploaded_at IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS media_to_process_by_kind;
