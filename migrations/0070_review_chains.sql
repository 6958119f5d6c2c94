-- How many human approvals publish a post was the same everywhere: none. Now topics and campaigns may ask for up to three, by different persons.

ALTER TABLE topics ADD COLUMN review_stages smallint NOT NULL DEFAULT 0;
ALTER TABLE topics ADD CONSTRAINT topics_review_stages_known CHECK (review_stages BETWEEN 0 AND 3) NOT VALID;
ALTER TABLE topics VALIDATE CONSTRAINT topics_review_stages_known;
ALTER TABLE campaigns ADD COLUMN review_stages smallint NOT NULL DEFAULT 0;
ALTER TABLE campaigns ADD CONSTRAINT campaigns_review_stages_known CHECK (review_stages BETWEEN 0 AND 3) NOT VALID;
ALTER TABLE campaigns VALIDATE CONSTRAINT campaigns_review_stages_known;

-- The stages of posts with a topic: the strictest of the topic, the one that it is an alias of, and the running campaigns that it leads into.
CREATE VIEW topic_stages AS
SELECT topics.id AS topic_id, greatest(
    topics.review_stages,
    (SELECT targets.review_stages FROM topics AS targets WHERE targets.id = topics.alias_of),
    (
        SELECT max(campaigns.review_stages)
        FROM campaigns
        WHERE campaigns.review_stages > 0 AND campaigns.state = 'scheduled' AND campaigns.entry_by = 'post'
            AND topics.id = ANY (campaigns.entry_topic_ids)
            AND campaigns.starts_at <= clock_timestamp() AND clock_timestamp() < campaigns.ends_at
    )
) AS stages
FROM topics;

-- Who must not judge which case, and why. Besides who wrote the subject: who wrote the revision that is judged, and who has created,
-- changed or published a campaign that the post, or the comment under it, is part of.
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

-- What the nightly proof of the chains has found; a row for each run.
CREATE TABLE chain_attestations (
    id bigint NOT NULL DEFAULT next_id(),
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    -- The revisions that became visible in this time and are visible, and those of them whose chain was checked and found complete.
    revision_count integer NOT NULL,
    complete_count integer NOT NULL,
    -- What is wrong: kind, id, revision and reason of at most a hundred items, by ids only.
    violation_count integer NOT NULL,
    violations jsonb NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT chain_attestations_pkey PRIMARY KEY (id),
    CONSTRAINT chain_attestations_interval CHECK (until > since)
);
CREATE INDEX chain_attestations_latest ON chain_attestations (until DESC);

-- The reason for which the machine check has blocked a text: the label of its first hit that blocks; null for a text that it has not blocked.
CREATE FUNCTION blocked_for(machine jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN machine ->> 'verdict' = 'block' THEN jsonb_path_query_first(machine, '$.labels[*] ? (@.level == "block").label') #>> '{}'
END;

-- The condition of listed_comments, for lists that also contain the viewer's own comments; with 0 replies that of visible_comments.
CREATE FUNCTION is_listed(state text, holds integer, reply_count integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (state = 'published' AND holds = 0) OR reply_count > 0;
