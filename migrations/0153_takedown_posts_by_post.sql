-- Which takedowns hide a post, of its topics and images.
-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS takedown_posts_by_post ON takedown_posts (post_id);
