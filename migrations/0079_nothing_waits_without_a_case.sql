-- An item that waits for a review without an open case would wait for good: what waits is one view, by which a job finds such items.

-- Posts, comments and changes of profiles that wait for a decision by people: not published yet, or hidden until they are looked at (65: by
-- reports, by a later layer of the machine check). A newer revision of a post waits while the approved one is shown.
CREATE VIEW waiting_items AS
SELECT 'post' AS kind, posts.id AS post_id, NULL::bigint AS comment_id, posts.latest_revision AS revision, posts.author_id
FROM posts
WHERE posts.state = 'pending' OR (posts.state = 'published' AND posts.holds & 65 <> 0)
UNION ALL
SELECT 'post', posts.id, NULL, posts.latest_revision, posts.author_id
FROM posts
JOIN post_revisions AS revisions
    ON revisions.post_id = posts.id AND revisions.revision = posts.latest_revision
WHERE posts.state = 'published' AND posts.holds & 65 = 0 AND posts.latest_revision > posts.revision
    AND revisions.approved_at IS NULL AND revisions.refused_at IS NULL
UNION ALL
SELECT 'comment', comments.post_id, comments.id, NULL, comments.author_id
FROM comments
WHERE comments.state = 'pending' OR (comments.state = 'published' AND comments.holds & 65 <> 0);

-- Those of them that no open case is about. A held item may wait in a case of any kind, a revision in a case of its own.
CREATE VIEW unqueued_items AS
SELECT waiting.kind, waiting.post_id, waiting.comment_id, waiting.revision, waiting.author_id
FROM waiting_items AS waiting
WHERE NOT EXISTS (
    SELECT FROM cases
    WHERE cases.state = 'open' AND cases.post_id = waiting.post_id
        AND cases.comment_id IS NOT DISTINCT FROM waiting.comment_id
        AND (cases.kind <> 'post' OR cases.revision = waiting.revision OR cases.revision IS NULL)
    OFFSET 0
);

CREATE INDEX posts_waiting ON posts (id) WHERE state = 'pending' OR (state = 'published' AND holds & 65 <> 0);
CREATE INDEX posts_with_newer_revisions ON posts (id) WHERE state = 'published' AND latest_revision > revision;
CREATE INDEX comments_waiting ON comments (id) WHERE state = 'pending' OR (state = 'published' AND holds & 65 <> 0);
