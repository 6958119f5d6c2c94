-- Indexes for reads that went through whole tables: what tests/plans found on a filled database, and keeps from coming back.

-- What a campaign is entered into when it is published, and before its sheet is frozen.
CREATE INDEX posts_by_age ON posts (created_at);
-- A campaign's posts, the latest entries first.
CREATE INDEX entries_latest ON entries (campaign_id, entered_at DESC, post_id DESC);

-- What a person has touched: read when somebody is banned, voided or named as a juror.
CREATE INDEX comments_by_author ON comments (author_id, post_id);
CREATE INDEX past_likes_by_account ON past_likes (account_id, post_id);

-- Statistics know the likes of an ordinary post, so "which of these posts do these people like" was read as all likes of each post:
-- a handful, until a post has a million. A query that does not speak of `liked_at` cannot use this index, and finds each pair by its key.
CREATE INDEX likes_lately ON likes (post_id, liked_at DESC, account_id DESC) WHERE liked_at > '-infinity';
-- An instant's lock: the runner's transaction holds these statements only.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX likes_latest;

-- The archive begins behind the cases that are open, however many wait; and what a reviewer may not judge again is among the escalated.
CREATE INDEX cases_closed ON cases (id DESC) WHERE state = 'closed';
CREATE INDEX cases_escalated ON cases (id) WHERE state = 'open' AND stage > 1;

-- What is forgotten by its age.
CREATE INDEX sign_in_codes_by_age ON sign_in_codes (created_at);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);
