-- Names and places could hold line breaks, controls and characters that change the direction of what follows, and stand in titles, pushes and
-- lists of winners. Comments without a visible character counted as commenters. New ones are rejected; these are from before.

-- Temporary functions end with the session of the migration.
-- A line: breaks and controls become a space, characters that control their neighbours are removed.
CREATE FUNCTION pg_temp.one_line(given text) RETURNS text
LANGUAGE sql
IMMUTABLE
AS $$
    SELECT btrim(regexp_replace(
        regexp_replace(given, '[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]', '', 'g'),
        '[\u0001-\u001f\u007f-\u009f\u2028\u2029]+', ' ', 'g'
    ), E' \u00a0\u3000')
$$;

-- Whether a text has more than spaces, controls, marks and characters that are drawn blank.
CREATE FUNCTION pg_temp.has_visible_text(given text) RETURNS boolean
LANGUAGE sql
IMMUTABLE
AS $$
    SELECT given !~ (
        '^[\u0001-\u0020\u007f-\u00a0\u00ad\u0300-\u036f\u0483-\u0489\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u1ab0-\u1aff'
        '\u1dc0-\u1dff\u2000-\u200f\u2028-\u202f\u205f-\u206f\u20d0-\u20ff\u2800\u3000\u3164\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uffa0'
        '\ufff0-\ufffc\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*$'
    )
$$;

UPDATE accounts SET name = CASE WHEN pg_temp.has_visible_text(name) THEN pg_temp.one_line(name) ELSE '读者' END
WHERE erased_at IS NULL AND (name <> pg_temp.one_line(name) OR NOT pg_temp.has_visible_text(name));

UPDATE posts
SET location = CASE
    WHEN pg_temp.has_visible_text(location ->> 'name')
        THEN jsonb_set(location, '{name}', to_jsonb(pg_temp.one_line(location ->> 'name')))
END
WHERE location ->> 'name' <> pg_temp.one_line(location ->> 'name') OR NOT pg_temp.has_visible_text(location ->> 'name');

-- A push is made from its notification when it is sent.
UPDATE inbox
SET title = pg_temp.one_line(title),
    body = CASE WHEN kind = 'like' THEN pg_temp.one_line(body) ELSE body END,
    subject = CASE
        WHEN jsonb_typeof(subject -> 'names') = 'array' AND jsonb_array_length(subject -> 'names') > 0 THEN jsonb_set(
            subject,
            '{names}',
            (SELECT jsonb_agg(pg_temp.one_line(name)) FROM jsonb_array_elements_text(subject -> 'names') AS listed (name))
        )
        WHEN jsonb_typeof(subject -> 'name') = 'string'
            THEN jsonb_set(subject, '{name}', to_jsonb(pg_temp.one_line(subject ->> 'name')))
        ELSE subject
    END
WHERE title <> pg_temp.one_line(title);

-- As when a reviewer removes a comment: it leaves the counters, and the boards of campaigns follow the change log.
CREATE TEMPORARY TABLE invisible_comments ON COMMIT DROP AS
SELECT comments.post_id, comments.id, comments.root_id, comments.author_id = posts.author_id AS is_own
FROM comments JOIN posts ON posts.id = comments.post_id
WHERE comments.state = 'published' AND NOT pg_temp.has_visible_text(comments.text);

UPDATE comments SET state = 'removed'
FROM invisible_comments
WHERE comments.post_id = invisible_comments.post_id AND comments.id = invisible_comments.id;

UPDATE comments SET reply_count = reply_count - fewer.replies
FROM (
    SELECT post_id, root_id, count(*)::integer AS replies FROM invisible_comments WHERE root_id IS NOT NULL GROUP BY post_id, root_id
) AS fewer
WHERE comments.post_id = fewer.post_id AND comments.id = fewer.root_id;

WITH counted AS (
    UPDATE post_stats
    SET comment_count = post_stats.comment_count - fewer.comments,
        own_comment_count = post_stats.own_comment_count - fewer.own_comments,
        version = post_stats.version + 1
    FROM (
        SELECT post_id, count(*) AS comments, count(*) FILTER (WHERE is_own) AS own_comments
        FROM invisible_comments
        GROUP BY post_id
    ) AS fewer
    WHERE post_stats.post_id = fewer.post_id
    RETURNING post_stats.post_id, post_stats.version
)
INSERT INTO changes (post_id, version)
SELECT post_id, version FROM counted;
