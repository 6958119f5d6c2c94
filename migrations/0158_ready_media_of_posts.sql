-- The job that compares pictures of entries looks for new ones every few seconds, without reading the wide rows of media.
-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS media_ready_of_posts ON media (post_id, id) WHERE post_id IS NOT NULL AND state = 'ready' AND removed_at IS NULL;
