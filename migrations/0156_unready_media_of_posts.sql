-- The media that entries of a campaign wait for are a few of all: a settlement finds them without reading the others.
-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS media_unready_of_posts ON media (post_id) WHERE state <> 'ready';
