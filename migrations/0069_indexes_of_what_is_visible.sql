-- Indexes of lists that others read had the state alone as their condition: they take the predicate of visible_posts and visible_comments.
-- no-transaction
-- squawk-ignore-file renaming-object
DROP INDEX CONCURRENTLY IF EXISTS posts_latest_new;
CREATE INDEX CONCURRENTLY posts_latest_new ON posts (published_at DESC, id DESC) WHERE state = 'published' AND holds = 0;
DROP INDEX CONCURRENTLY IF EXISTS posts_latest;
ALTER INDEX posts_latest_new RENAME TO posts_latest;

DROP INDEX CONCURRENTLY IF EXISTS posts_of_author_new;
CREATE INDEX CONCURRENTLY posts_of_author_new ON posts (author_id, published_at DESC, id DESC) WHERE state = 'published' AND holds = 0;
DROP INDEX CONCURRENTLY IF EXISTS posts_of_author;
ALTER INDEX posts_of_author_new RENAME TO posts_of_author;

DROP INDEX CONCURRENTLY IF EXISTS posts_videos_new;
CREATE INDEX CONCURRENTLY posts_videos_new ON posts (published_at DESC, id DESC) WHERE state = 'published' AND holds = 0 AND has_video;
DROP INDEX CONCURRENTLY IF EXISTS posts_videos;
ALTER INDEX posts_videos_new RENAME TO posts_videos;

DROP INDEX CONCURRENTLY IF EXISTS comments_roots_hot_new;
CREATE INDEX CONCURRENTLY comments_roots_hot_new ON comments (post_id, (like_count + 2 * reply_count) DESC, id DESC)
WHERE root_id IS NULL AND ((state = 'published' AND holds = 0) OR reply_count > 0);
DROP INDEX CONCURRENTLY IF EXISTS comments_roots_hot;
ALTER INDEX comments_roots_hot_new RENAME TO comments_roots_hot;

DROP INDEX CONCURRENTLY IF EXISTS comments_untold_new;
CREATE INDEX CONCURRENTLY comments_untold_new ON comments (id) WHERE NOT told AND state = 'published' AND holds = 0;
DROP INDEX CONCURRENTLY IF EXISTS comments_untold;
ALTER INDEX comments_untold_new RENAME TO comments_untold;
