-- A winner whose post is removed kept the prize, though the rules say that it is lost: this view says which held places end, and why.
CREATE VIEW places_to_end AS
SELECT held.id AS winner_id, held.campaign_id, held.settlement_id,
    CASE
        WHEN accounts.erased_at IS NOT NULL THEN 'erased'
        WHEN posts.state = 'deleted' THEN 'post_deleted'
        ELSE 'post_removed'
    END AS reason,
    -- Since when a removal is appealed: the place then waits for the decision. Its author's own acts are not appealed.
    CASE WHEN accounts.erased_at IS NULL AND posts.state <> 'deleted' THEN appeals.since END AS appealed_since
FROM held_places AS held
JOIN posts ON posts.id = held.post_id
JOIN accounts ON accounts.id = held.account_id
-- An archived campaign notifies no more winners.
JOIN campaigns ON campaigns.id = held.campaign_id AND campaigns.state IN ('decided', 'announced', 'final')
CROSS JOIN LATERAL (
    SELECT min(made_at) AS since
    FROM (
        SELECT cases.created_at AS made_at
        FROM cases
        WHERE cases.post_id = held.post_id AND cases.kind = 'appeal' AND cases.state = 'open'
        UNION ALL
        -- The winner's own objection about the post, with any account.
        SELECT objections.made_at
        FROM objections
        JOIN open_objections ON open_objections.id = objections.id
        JOIN accounts AS objector ON objector.id = objections.account_id AND objector.person = held.person
        WHERE objections.settlement_id = held.settlement_id AND objections.post_id = held.post_id
    ) AS made
) AS appeals
WHERE (posts.state IN ('deleted', 'removed', 'rejected') OR accounts.erased_at IS NOT NULL)
    -- What is handed over is not taken back.
    AND held.state IN ('selected', 'notified', 'viewed', 'claimed', 'verified')
    AND NOT EXISTS (SELECT FROM prize_codes WHERE prize_codes.winner_id = held.id);
