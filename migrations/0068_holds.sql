-- One state said both what was decided about an item and whether it is visible, so that undoing one reason to hide it undid the others too: reasons that hide independently are bits of `holds`.
-- The bits are those of feed/cases/holds.py. An item is visible to others iff its state is 'published' and no bit is set.
ALTER TABLE posts ADD COLUMN holds integer NOT NULL DEFAULT 0;
ALTER TABLE comments ADD COLUMN holds integer NOT NULL DEFAULT 0;

-- The state that authors and staff are shown, and that campaigns count by: 30 are the takedowns (SUBJECT, AUTHOR, TOPIC, IMAGE), 97 what
-- waits (REPORT, MEDIA, MACHINE). The other bits do not change it.
CREATE FUNCTION shown_state(state text, holds integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN holds = 0 OR state IN ('deleted', 'rejected', 'removed') THEN state
    WHEN holds & 30 <> 0 THEN 'removed'
    WHEN holds & 97 <> 0 THEN 'pending'
    ELSE state
END;

-- The state of an entry of a campaign: that of an author who is leaving (256) counts as deleted.
CREATE FUNCTION entry_state(state text, holds integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN holds & 256 <> 0 THEN 'deleted' ELSE shown_state(state, holds) END;

-- As before, with the holds.
CREATE OR REPLACE VIEW visible_posts AS
SELECT id, author_id, revision, comment_policy, location, ip_region, ai_generated, created_at, published_at, edited_at, state, has_video
FROM posts
WHERE state = 'published' AND holds = 0;

CREATE VIEW visible_comments AS
SELECT post_id, id, author_id, root_id, reply_to_id, text, reply_count, like_count, ip_region, created_at, told
FROM comments
WHERE state = 'published' AND holds = 0;

-- What lists of comments contain: a comment that is not visible keeps its place, without author and text, while it has replies.
CREATE VIEW listed_comments AS
SELECT post_id, id, author_id, root_id, reply_count, like_count, created_at
FROM comments
WHERE (state = 'published' AND holds = 0) OR reply_count > 0;

-- As before, with the holds.
CREATE OR REPLACE VIEW shown_inbox AS
SELECT inbox.id, inbox.account_id, inbox.kind, inbox.title, inbox.body, inbox.deep_link, inbox.subject,
       inbox.created_at, inbox.read_at, inbox.actor_id, inbox.template, inbox.params
FROM inbox
LEFT JOIN visible_posts ON visible_posts.id = inbox.about_post_id
LEFT JOIN visible_comments ON visible_comments.post_id = inbox.about_post_id AND visible_comments.id = inbox.about_comment_id
WHERE (inbox.about_post_id IS NULL OR visible_posts.id IS NOT NULL)
    AND (inbox.about_comment_id IS NULL OR visible_comments.id IS NOT NULL)
    AND (inbox.actor_id IS NULL OR NOT EXISTS (
        SELECT FROM relations
        WHERE relations.account_id = inbox.account_id AND relations.kind IN ('block', 'mute')
            AND relations.target_id = inbox.actor_id
    ))
    AND (inbox.actor_id IS NULL OR NOT EXISTS (
        SELECT FROM relations
        WHERE relations.account_id = inbox.actor_id AND relations.kind = 'block'
            AND relations.target_id = inbox.account_id
    ));

-- As before, with the holds: a place ends with a takedown as with a removal.
CREATE OR REPLACE VIEW places_to_end AS
SELECT held.id AS winner_id, held.campaign_id, held.settlement_id,
    CASE
        WHEN accounts.erased_at IS NOT NULL THEN 'erased'
        WHEN posts.state = 'deleted' THEN 'post_deleted'
        WHEN posts.state IS NOT NULL THEN 'post_removed'
        WHEN comments.state = 'deleted' THEN 'comment_deleted'
        ELSE 'comment_removed'
    END AS reason,
    -- Since when a removal is appealed: the place then waits for the decision. Its author's own acts are not appealed.
    CASE WHEN accounts.erased_at IS NULL AND coalesce(posts.state, comments.state) <> 'deleted' THEN appeals.since END AS appealed_since
FROM held_places AS held
JOIN accounts ON accounts.id = held.account_id
-- An archived campaign notifies no more winners.
JOIN campaigns ON campaigns.id = held.campaign_id AND campaigns.state IN ('decided', 'announced', 'final')
LEFT JOIN posts ON posts.id = held.post_id
LEFT JOIN comments ON comments.post_id = campaigns.entry_post_id AND comments.id = held.comment_id
CROSS JOIN LATERAL (
    SELECT min(made_at) AS since
    FROM (
        SELECT cases.created_at AS made_at
        FROM cases
        WHERE cases.post_id = held.post_id AND cases.comment_id IS NULL AND cases.kind = 'appeal' AND cases.state = 'open'
        UNION ALL
        SELECT cases.created_at
        FROM cases
        WHERE cases.comment_id = held.comment_id AND cases.kind = 'appeal' AND cases.state = 'open'
        UNION ALL
        -- The winner's own objection about the entry, with any account.
        SELECT objections.made_at
        FROM objections
        JOIN open_objections ON open_objections.id = objections.id
        JOIN accounts AS objector ON objector.id = objections.account_id AND objector.person = held.person
        WHERE objections.settlement_id = held.settlement_id
            AND (objections.post_id = held.post_id OR objections.comment_id = held.comment_id)
    ) AS made
) AS appeals
WHERE (
        shown_state(posts.state, posts.holds) IN ('deleted', 'removed', 'rejected')
        OR shown_state(comments.state, comments.holds) IN ('deleted', 'removed', 'rejected')
        OR accounts.erased_at IS NOT NULL
    )
    -- What is handed over is not taken back.
    AND held.state IN ('selected', 'notified', 'viewed', 'claimed', 'verified')
    AND NOT EXISTS (SELECT FROM prize_codes WHERE prize_codes.winner_id = held.id);

-- As before, with the holds.
CREATE OR REPLACE VIEW draw_entries AS
SELECT acts.campaign_id, acts.account_id, acts.comment_id, acts.entered_at, account.person,
    acts.state = 'pending' AS waits,
    CASE
        WHEN acts.state = 'deleted' OR entrant.erased_at IS NOT NULL THEN 'withdrawn'
        WHEN acts.state IN ('removed', 'rejected') THEN acts.state
        -- The reasons are ordered as the rules ask for them.
        ELSE least(
            CASE WHEN account.account_id = announcer.id OR account.person = announcer.person THEN 'own'::exclusion_reason END,
            CASE WHEN account.not_verified THEN 'not_verified'::exclusion_reason END,
            flags.reason,
            CASE WHEN account.too_new THEN 'too_new'::exclusion_reason END
        )::text
    END AS reason
FROM (
    SELECT campaigns.id AS campaign_id, likes.account_id, NULL::bigint AS comment_id,
        greatest(likes.liked_at, campaigns.starts_at) AS entered_at, 'published' AS state
    FROM campaigns
    JOIN likes ON likes.post_id = campaigns.entry_post_id
    WHERE campaigns.entry_by = 'like' AND likes.liked_at < campaigns.ends_at
    UNION ALL
    SELECT campaigns.id, past_likes.account_id, NULL, greatest(past_likes.liked_at, campaigns.starts_at), 'published'
    FROM campaigns
    JOIN past_likes ON past_likes.post_id = campaigns.entry_post_id
    WHERE campaigns.entry_by = 'like' AND past_likes.liked_at < campaigns.ends_at AND past_likes.unliked_at >= campaigns.ends_at
    UNION ALL
    SELECT campaigns.id, comments.author_id, comments.id, comments.created_at, entry_state(comments.state, comments.holds)
    FROM campaigns
    JOIN comments ON comments.post_id = campaigns.entry_post_id
    WHERE campaigns.entry_by = 'comment'
        AND comments.created_at >= campaigns.starts_at AND comments.created_at < campaigns.ends_at
        AND (comments.state <> 'deleted' OR comments.deleted_at >= campaigns.ends_at)
) AS acts
JOIN campaigns ON campaigns.id = acts.campaign_id
JOIN posts ON posts.id = campaigns.entry_post_id
JOIN accounts AS announcer ON announcer.id = posts.author_id
JOIN campaign_accounts AS account ON account.campaign_id = acts.campaign_id AND account.account_id = acts.account_id
JOIN accounts AS entrant ON entrant.id = acts.account_id
LEFT JOIN (
    -- A void of comments does not concern a draw by like, and the other way round.
    SELECT flagged.campaign_id, flagged.person, min(flagged.reason) AS reason
    FROM campaign_flagged_persons AS flagged
    JOIN campaigns ON campaigns.id = flagged.campaign_id
    WHERE flagged.liked IS NULL OR flagged.liked = (campaigns.entry_by = 'like')
    GROUP BY flagged.campaign_id, flagged.person
) AS flags ON flags.campaign_id = acts.campaign_id AND flags.person = account.person;

-- Cases of further kinds; `stages`: how many approvals of different persons publish the subject (0: it is visible before), `risk`: of the
-- machine check, 0 to 100.
ALTER TABLE cases
    ADD COLUMN stages smallint NOT NULL DEFAULT 0,
    ADD COLUMN risk smallint NOT NULL DEFAULT 0,
    ADD COLUMN topic_id bigint;
-- squawk-ignore ban-drop-constraint
ALTER TABLE cases DROP CONSTRAINT cases_kind_known;
ALTER TABLE cases
    ADD CONSTRAINT cases_kind_known CHECK (kind IN ('post', 'comment', 'name', 'bio', 'avatar', 'report', 'appeal')) NOT VALID,
    ADD CONSTRAINT cases_stages_known CHECK (stages BETWEEN 0 AND 3) NOT VALID,
    ADD CONSTRAINT cases_risk_known CHECK (risk BETWEEN 0 AND 100) NOT VALID;
ALTER TABLE cases VALIDATE CONSTRAINT cases_kind_known;
ALTER TABLE cases VALIDATE CONSTRAINT cases_stages_known;
ALTER TABLE cases VALIDATE CONSTRAINT cases_risk_known;

-- The persons behind a verdict, as they were known at its time; NULL without a verified phone.
ALTER TABLE verdicts
    ADD COLUMN reviewer_person bytea,
    ADD COLUMN author_person bytea,
    ADD CONSTRAINT verdicts_not_by_the_authors_person CHECK (reviewer_person <> author_person) NOT VALID;
ALTER TABLE verdicts VALIDATE CONSTRAINT verdicts_not_by_the_authors_person;
