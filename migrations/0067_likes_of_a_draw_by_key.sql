-- A participant's own like was looked for among all likes of the post: without a condition on its time it is found by its key.
-- The likes in force at the end, or now if that is earlier, and the comments and replies of the period that their authors have not
-- deleted by then. A like from before the opening counts from the opening on. `waits`: a review decides about it.
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
    SELECT campaigns.id, comments.author_id, comments.id, comments.created_at, comments.state
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
