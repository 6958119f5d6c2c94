-- Decisions were verdicts on posts and comments, and sanctions: takedowns can be appealed too.
-- `case_id`: of the case that a verdict is on.
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
WHERE takedowns.kind IN ('post', 'comment', 'user') AND takedowns.author_id IS NOT NULL;
CREATE INDEX takedowns_against ON takedowns (author_id, id) WHERE author_id IS NOT NULL;

-- As before, and of an appeal also who has judged its subject and undone that, and who has taken down the subject or the person.
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
