-- What decides about edits of posts knew comments in one version only. Each view is as before, and knows the revision of a comment.

-- Also who has written a revision of another person's comment.
CREATE OR REPLACE VIEW barred_from_cases AS
SELECT cases.id AS case_id, same.same_id AS account_id, 'own' AS reason
FROM cases
JOIN same_person_accounts AS same ON same.account_id = cases.author_id
UNION ALL
SELECT cases.id, same.same_id, 'own'
FROM cases
JOIN post_revisions AS revisions ON revisions.post_id = cases.post_id AND revisions.revision = cases.revision
JOIN same_person_accounts AS same ON same.account_id = revisions.author_id
WHERE cases.comment_id IS NULL
UNION ALL
SELECT cases.id, same.same_id, 'own'
FROM cases
JOIN comment_revisions AS revisions
    ON revisions.post_id = cases.post_id AND revisions.comment_id = cases.comment_id AND revisions.revision = cases.revision
JOIN same_person_accounts AS same ON same.account_id = revisions.author_id
UNION ALL
SELECT cases.id, same.same_id, 'judged'
FROM cases
JOIN verdicts ON verdicts.case_id = cases.id AND verdicts.undone_at IS NULL AND verdicts.stage <> cases.stage
JOIN same_person_accounts AS same ON same.account_id = verdicts.reviewer_id
UNION ALL
SELECT appeals.id, same.same_id, 'judged'
FROM cases AS appeals
JOIN cases AS former ON former.post_id = appeals.post_id AND former.comment_id IS NOT DISTINCT FROM appeals.comment_id
JOIN verdicts ON verdicts.case_id = former.id
JOIN same_person_accounts AS same ON same.account_id = verdicts.reviewer_id
WHERE appeals.kind = 'appeal' AND former.id <> appeals.id
UNION ALL
SELECT appeals.id, same.same_id, 'judged'
FROM cases AS appeals
JOIN cases AS former ON former.account_id = appeals.account_id
JOIN verdicts ON verdicts.case_id = former.id
JOIN same_person_accounts AS same ON same.account_id = verdicts.reviewer_id
WHERE appeals.kind = 'appeal' AND former.kind <> 'appeal'
UNION ALL
SELECT appeals.id, same.same_id, 'judged'
FROM cases AS appeals
JOIN same_person_accounts AS subject ON subject.account_id = appeals.account_id
-- Aggregated for each account, as in sanctions_now: so no plan begins with all sanctions.
CROSS JOIN LATERAL (
    SELECT array_agg(sanctions.imposed_by) AS reviewer_ids
    FROM sanctions
    WHERE sanctions.account_id = subject.same_id AND sanctions.lifted_at IS NULL
) AS imposed
JOIN same_person_accounts AS same ON same.account_id = ANY (imposed.reviewer_ids)
WHERE appeals.kind = 'appeal'
UNION ALL
SELECT appeals.id, same.same_id, 'judged'
FROM cases AS appeals
CROSS JOIN LATERAL (
    SELECT takedowns.actor_id
    FROM takedowns
    WHERE takedowns.kind = CASE WHEN appeals.comment_id IS NULL THEN 'post' ELSE 'comment' END
        AND takedowns.target = coalesce(appeals.comment_id, appeals.post_id)::text
    UNION
    SELECT takedowns.actor_id
    FROM same_person_accounts AS subject
    JOIN takedowns ON takedowns.kind = 'user' AND takedowns.target = subject.same_id::text
    WHERE subject.account_id = appeals.account_id
) AS down
JOIN same_person_accounts AS same ON same.account_id = down.actor_id
WHERE appeals.kind = 'appeal'
UNION ALL
SELECT cases.id, same.same_id, 'organiser'
FROM cases
CROSS JOIN LATERAL (
    SELECT entries.campaign_id AS id FROM entries WHERE entries.post_id = cases.post_id
    UNION
    SELECT campaigns.id FROM campaigns WHERE campaigns.entry_post_id = cases.post_id AND cases.comment_id IS NOT NULL
) AS entered
CROSS JOIN LATERAL (
    SELECT campaigns.created_by AS account_id FROM campaigns WHERE campaigns.id = entered.id
    UNION
    SELECT campaign_rules.created_by FROM campaign_rules WHERE campaign_rules.campaign_id = entered.id
    UNION
    SELECT audit.actor_id
    FROM audit
    WHERE audit.subject_kind = 'campaign' AND audit.subject_id = entered.id
        AND audit.action IN ('campaign_created', 'campaign_copied', 'campaign_changed', 'campaign_published')
) AS organisers
JOIN same_person_accounts AS same ON same.account_id = organisers.account_id
-- Of a cancelled campaign nothing comes any more.
JOIN campaigns AS running ON running.id = entered.id AND running.state <> 'cancelled';

-- A machine's refusal of an edit can be appealed.
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
        AND (
            coalesce(comments.state, posts.state) = 'rejected' OR coalesce(revisions.refused_at, edits.refused_at) IS NOT NULL
        )
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
LEFT JOIN comment_revisions AS edits
    ON edits.post_id = cases.post_id AND edits.comment_id = cases.comment_id AND edits.revision = cases.revision
WHERE cases.machine ->> 'verdict' = 'block' AND cases.kind IN ('post', 'comment');

CREATE OR REPLACE VIEW standing_approvals AS
SELECT verdicts.id AS verdict_id, verdicts.case_id, verdicts.stage, verdicts.post_id, verdicts.reviewer_id, verdicts.made_at
FROM verdicts
JOIN cases ON cases.id = verdicts.case_id AND cases.state = 'closed' AND cases.kind IN ('post', 'comment', 'name', 'bio', 'avatar')
LEFT JOIN posts ON posts.id = verdicts.post_id
LEFT JOIN comments ON comments.post_id = verdicts.post_id AND comments.id = verdicts.comment_id
WHERE verdicts.verdict IN ('approve', 'restore') AND verdicts.undone_at IS NULL
    AND CASE
        WHEN verdicts.comment_id IS NOT NULL
            THEN comments.state = 'published' AND coalesce(verdicts.revision, 1) = comments.revision
        WHEN verdicts.post_id IS NOT NULL THEN posts.state = 'published' AND coalesce(verdicts.revision, posts.revision) = posts.revision
        ELSE true
    END
    AND NOT EXISTS (
        SELECT FROM verdicts AS later
        WHERE later.case_id = verdicts.case_id AND later.id > verdicts.id AND later.undone_at IS NULL
    )
    AND NOT EXISTS (
        SELECT FROM cases AS waiting
        WHERE waiting.state = 'open' AND waiting.kind = cases.kind
            AND waiting.post_id IS NOT DISTINCT FROM cases.post_id AND waiting.comment_id IS NOT DISTINCT FROM cases.comment_id
            AND waiting.account_id IS NOT DISTINCT FROM cases.account_id
            AND (waiting.post_id IS NOT NULL OR waiting.account_id IS NOT NULL)
    );

-- The shown revision of what waits or is held, and the newer one of what is published: an edit that the machine check has refused waits for
-- nothing.
CREATE OR REPLACE VIEW waiting_items AS
SELECT 'post' AS kind, posts.id AS post_id, NULL::bigint AS comment_id, posts.revision, posts.author_id,
    posts.revision AS shown_revision
FROM posts
WHERE posts.state = 'pending' OR (posts.state = 'published' AND posts.holds & 65 <> 0)
UNION ALL
SELECT 'post', posts.id, NULL, posts.latest_revision, posts.author_id, posts.revision
FROM posts
JOIN post_revisions AS revisions
    ON revisions.post_id = posts.id AND revisions.revision = posts.latest_revision
WHERE posts.state = 'published' AND posts.latest_revision > posts.revision
    AND revisions.approved_at IS NULL AND revisions.refused_at IS NULL
UNION ALL
SELECT 'comment', comments.post_id, comments.id, CASE WHEN comments.latest_revision > 1 THEN comments.revision END, comments.author_id,
    comments.revision
FROM comments
WHERE comments.state = 'pending' OR (comments.state = 'published' AND comments.holds & 65 <> 0)
UNION ALL
SELECT 'comment', comments.post_id, comments.id, comments.latest_revision, comments.author_id, comments.revision
FROM comments
JOIN comment_revisions AS revisions
    ON revisions.post_id = comments.post_id AND revisions.comment_id = comments.id AND revisions.revision = comments.latest_revision
WHERE comments.state = 'published' AND comments.latest_revision > comments.revision
    AND revisions.approved_at IS NULL AND revisions.refused_at IS NULL;

CREATE OR REPLACE VIEW unqueued_items AS
SELECT waiting.kind, waiting.post_id, waiting.comment_id, waiting.revision, waiting.author_id, waiting.shown_revision
FROM waiting_items AS waiting
WHERE NOT EXISTS (
    SELECT FROM cases
    WHERE cases.state = 'open' AND cases.post_id = waiting.post_id
        AND cases.comment_id IS NOT DISTINCT FROM waiting.comment_id
        AND CASE cases.kind
            WHEN 'post' THEN cases.revision = waiting.revision OR cases.revision IS NULL
            WHEN 'comment' THEN coalesce(cases.revision, 1) = coalesce(waiting.revision, 1)
            ELSE true
        END
    OFFSET 0
);

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX comments_with_newer_revisions ON comments (id) WHERE state = 'published' AND latest_revision > revision;
-- Of the nightly proof.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX comment_revisions_approved ON comment_revisions (approved_at) WHERE approved_at IS NOT NULL;
