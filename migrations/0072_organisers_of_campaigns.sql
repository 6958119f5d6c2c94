-- Who organises a campaign was written out among the bars of cases; the number of reviewers that a chain can have depends on it too.
CREATE VIEW campaign_organisers AS
SELECT campaigns.id AS campaign_id, campaigns.created_by AS account_id
FROM campaigns
UNION ALL
SELECT campaign_rules.campaign_id, campaign_rules.created_by
FROM campaign_rules
UNION ALL
SELECT audit.subject_id, audit.actor_id
FROM audit
WHERE audit.subject_kind = 'campaign'
    AND audit.action IN ('campaign_created', 'campaign_copied', 'campaign_changed', 'campaign_published');

-- As before.
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
JOIN verdicts ON verdicts.case_id = former.id AND verdicts.undone_at IS NULL
JOIN same_person_accounts AS same ON same.account_id = verdicts.reviewer_id
WHERE appeals.kind = 'appeal' AND former.kind <> 'appeal'
UNION ALL
SELECT appeals.id, same.same_id, 'judged'
FROM cases AS appeals
JOIN cases AS former ON former.account_id = appeals.account_id
JOIN verdicts ON verdicts.case_id = former.id AND verdicts.undone_at IS NULL
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
SELECT cases.id, same.same_id, 'organiser'
FROM cases
CROSS JOIN LATERAL (
    SELECT entries.campaign_id AS id FROM entries WHERE entries.post_id = cases.post_id
    UNION
    SELECT campaigns.id FROM campaigns WHERE campaigns.entry_post_id = cases.post_id AND cases.comment_id IS NOT NULL
) AS entered
JOIN campaign_organisers AS organisers ON organisers.campaign_id = entered.id
JOIN same_person_accounts AS same ON same.account_id = organisers.account_id
-- Of a cancelled campaign nothing comes any more.
JOIN campaigns AS running ON running.id = entered.id AND running.state <> 'cancelled';
