-- Posts and comments complete: likes of comments as intervals, one index for each order in which comments and likers are read.
CREATE TABLE comment_likes (
    post_id bigint NOT NULL,
    comment_id bigint NOT NULL,
    account_id bigint NOT NULL,
    liked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT comment_likes_pkey PRIMARY KEY (post_id, comment_id, account_id)
);

CREATE TABLE past_comment_likes (
    post_id bigint NOT NULL,
    comment_id bigint NOT NULL,
    account_id bigint NOT NULL,
    liked_at timestamptz NOT NULL,
    unliked_at timestamptz NOT NULL,
    CONSTRAINT past_comment_likes_pkey PRIMARY KEY (post_id, comment_id, account_id, liked_at),
    CONSTRAINT past_comment_likes_interval CHECK (unliked_at >= liked_at)
);

-- Who likes a post, the latest first.
CREATE INDEX likes_latest ON likes (post_id, liked_at DESC, account_id DESC);

-- Comments are listed by the instant that is stamped under the lock of their post: an id that an idempotency key has reserved is older than
-- comments that were committed while the request waited, and a reader who is past them would never see it.
CREATE INDEX comments_roots_timed ON comments (post_id, created_at, id) WHERE root_id IS NULL;
CREATE INDEX comments_replies_timed ON comments (root_id, created_at, id) WHERE root_id IS NOT NULL;
-- An instant's lock: the runner's transaction holds these statements only.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX comments_roots;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX comments_replies;

-- The roots of a post by what they stirred; the words of the list are those of feed/screens/hot_comments.py.
CREATE INDEX comments_roots_hot ON comments (post_id, (like_count + 2 * reply_count) DESC, id DESC)
WHERE root_id IS NULL AND (state = 'published' OR reply_count > 0);

-- What an author is told about his own post, without a walk over the cases of its comments.
CREATE INDEX cases_of_posts ON cases (post_id, id) WHERE comment_id IS NULL AND post_id IS NOT NULL;
