-- A comment could not be edited, hidden by the author of its post or put first. Revisions are kept from the first edit on: until then the comment is its only one.
ALTER TABLE comments
    ADD COLUMN revision integer NOT NULL DEFAULT 1,
    ADD COLUMN latest_revision integer NOT NULL DEFAULT 1,
    ADD COLUMN edited_at timestamptz,
    ADD COLUMN featured_at timestamptz;
-- At most three for a post: they are shown before the others.
CREATE INDEX comments_featured ON comments (post_id, featured_at, id) WHERE featured_at IS NOT NULL;

CREATE TABLE comment_revisions (
    post_id bigint NOT NULL,
    comment_id bigint NOT NULL,
    revision integer NOT NULL,
    text text NOT NULL,
    content_sha256 bytea NOT NULL,
    author_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    approved_at timestamptz,
    refused_at timestamptz,
    CONSTRAINT comment_revisions_pkey PRIMARY KEY (post_id, comment_id, revision),
    CONSTRAINT comment_revisions_author FOREIGN KEY (author_id) REFERENCES accounts (id),
    CONSTRAINT comment_revisions_decided_once CHECK (approved_at IS NULL OR refused_at IS NULL)
);
CREATE INDEX comment_revisions_of_author ON comment_revisions (author_id);

-- A case is about one revision of a comment: the shown one and a newer one that waits have a case each.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX cases_one_per_comment;
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX cases_one_open_per_comment ON cases (comment_id, coalesce(revision, 1)) WHERE kind = 'comment' AND state = 'open';
