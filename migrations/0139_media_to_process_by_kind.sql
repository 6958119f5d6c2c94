-- Photos and videos are processed in lanes of their own: the next one of a kind is found behind any number of the other kind.
-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS media_to_process_by_kind ON media (kind, uploaded_at)
WHERE state = 'processing' AND removed_at IS NULL AND uploaded_at IS NOT NULL;
