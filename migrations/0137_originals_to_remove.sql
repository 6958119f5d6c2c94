-- Media whose original may still be stored, although it is not needed any more.
-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS media_with_originals ON media (id) WHERE incoming_removed_at IS NULL AND state <> 'processing';
