-- What the machine check has blocked can be appealed too, to a person.
CREATE OR REPLACE VIEW decisions AS
SELECT verdicts.id, 'verdict' AS kind, verdicts.author_id AS account_id,
    CASE WHEN verdicts.comment_id IS NULL THEN 'post' ELSE 'comment' END AS target_kind,
    coalesce(verdicts.comment_id, verdicts.post_id) AS target_id, verdicts.post_id, verdicts.comment_id, verdicts.revision,
    verdicts.verdict AS effect, verdicts.reason_code, verdicts.made_at, NULL::timestamptz AS until,
    verdicts.undone_at IS NULL AND coalesce(comments.state, posts.state) <> 'deleted' AND NOT EXISTS (
        SELECT FROM cases
        JOIN verdicts AS later ON later.case_id = cases.id
        LEFT JOIN appeals ON appeals.case_id = cases.id
        WHERE cases.post_id = verdicts.post_id AND cases.comment_id IS NOT DISTINCT FROM verdicts.comment_id
            AND later.id > verdicts.id AND later.undone_at IS NULL
            AND later.verdict IN ('approve', 'restore', 'remove', 'reject')
            -- An appeal that was upheld ends the decision that it was against.
            AND coalesce(appeals.decision_id = verdicts.id, true)
    ) AS in_force, verdicts.case_id
FROM verdicts
JOIN posts ON posts.id = verdicts.post_id
LEFT JOIN comments ON comments.post_id = verdicts.post_id AND comments.id = verdicts.comment_id
WHERE verdicts.verdict IN ('remove', 'reject')
UNION ALL
SELECT verdicts.id, 'verdict', verdicts.author_id, cases.kind, cases.account_id, NULL, NULL, NULL,
    verdicts.verdict, verdicts.reason_code, verdicts.made_at, NULL,
    verdicts.undone_at IS NULL AND coalesce(changes.state IN ('removed', 'rejected'), false) AND NOT EXISTS (
        SELECT FROM profile_changes AS later
        WHERE later.account_id = changes.account_id AND later.field = changes.field AND later.id > changes.id
    ), verdicts.case_id
FROM verdicts
JOIN cases ON cases.id = verdicts.case_id AND cases.kind IN ('name', 'bio', 'avatar')
LEFT JOIN profile_changes AS changes ON changes.case_id = cases.id
WHERE verdicts.verdict IN ('remove', 'reject') AND verdicts.post_id IS NULL
UNION ALL
SELECT sanctions.id, 'sanction', sanctions.account_id, 'user', sanctions.account_id, NULL, NULL, NULL,
    sanctions.kind, sanctions.reason_code, sanctions.starts_at, sanctions.until,
    sanctions.lifted_at IS NULL AND (sanctions.until IS NULL OR sanctions.until > clock_timestamp()), NULL
FROM sanctions
UNION ALL
-- A takedown of a topic or an image is against no account.
SELECT takedowns.id, 'takedown', takedowns.author_id, takedowns.kind, found.target_id, takedowns.post_id,
    CASE WHEN takedowns.kind = 'comment' THEN found.target_id END, takedowns.revision,
    'takedown', takedowns.reason_code, takedowns.created_at, NULL,
    takedowns.lifted_at IS NULL AND coalesce(comments.state, posts.state, 'published') <> 'deleted', NULL
FROM takedowns
CROSS JOIN LATERAL (
    SELECT CASE WHEN takedowns.kind IN ('post', 'comment', 'user') THEN takedowns.target::bigint END AS target_id
) AS found
LEFT JOIN posts ON posts.id = takedowns.post_id
LEFT JOIN comments ON takedowns.kind = 'comment' AND comments.post_id = takedowns.post_id AND comments.id = found.target_id
WHERE takedowns.kind IN ('post', 'comment', 'user') AND takedowns.author_id IS NOT NULL
UNION ALL
-- What the machine check has blocked: until a person has judged it.
SELECT cases.id, 'machine', cases.author_id,
    CASE WHEN cases.comment_id IS NULL THEN 'post' ELSE 'comment' END,
    coalesce(cases.comment_id, cases.post_id), cases.post_id, cases.comment_id, cases.revision,
    'reject', coalesce(blocked_for(cases.machine), 'other'), cases.created_at, NULL,
    coalesce(comments.state, posts.state) <> 'deleted'
        AND (coalesce(comments.state, posts.state) = 'rejected' OR revisions.refused_at IS NOT NULL)
        AND NOT EXISTS (
            SELECT FROM cases AS others
            JOIN verdicts ON verdicts.case_id = others.id AND verdicts.undone_at IS NULL
            WHERE others.post_id = cases.post_id AND others.comment_id IS NOT DISTINCT FROM cases.comment_id
                AND verdicts.made_at > cases.created_at AND verdicts.verdict IN ('approve', 'restore', 'remove', 'reject')
        ),
    cases.id
FROM cases
JOIN posts ON posts.id = cases.post_id
LEFT JOIN comments ON comments.post_id = cases.post_id AND comments.id = cases.comment_id
LEFT JOIN post_revisions AS revisions
    ON cases.comment_id IS NULL AND revisions.post_id = cases.post_id AND revisions.revision = cases.revision
WHERE cases.machine ->> 'verdict' = 'block' AND cases.kind IN ('post', 'comment');
CREATE INDEX cases_blocked ON cases (author_id, id) WHERE machine ->> 'verdict' = 'block';
