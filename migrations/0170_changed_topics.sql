-- Editors list the topics that they have changed, which are few of all that users have made.
-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS topics_changed ON topics (id) WHERE state <> 'allowed' OR alias_of IS NOT NULL OR review_stages > 0;
