-- A winner whose entry was removed lost the place within seconds, before an appeal could be made.
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
    -- A removal of the last day waits too: its winner has to learn of it before.
    CASE
        WHEN accounts.erased_at IS NULL AND coalesce(posts.state, comments.state) <> 'deleted' THEN coalesce(appeals.since, recent.since)
    END AS appealed_since
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
CROSS JOIN LATERAL (
    SELECT min(removed.at) AS since
    FROM (
        SELECT verdicts.id, verdicts.made_at AS at
        FROM cases
        JOIN verdicts ON verdicts.case_id = cases.id AND verdicts.undone_at IS NULL AND verdicts.verdict IN ('remove', 'reject')
        WHERE cases.post_id = held.post_id AND cases.comment_id IS NULL
        UNION ALL
        SELECT verdicts.id, verdicts.made_at
        FROM cases
        JOIN verdicts ON verdicts.case_id = cases.id AND verdicts.undone_at IS NULL AND verdicts.verdict IN ('remove', 'reject')
        WHERE cases.comment_id = held.comment_id AND cases.state = 'closed'
        UNION ALL
        SELECT takedowns.id, takedowns.created_at
        FROM takedowns
        WHERE takedowns.lifted_at IS NULL AND (
            (takedowns.kind = 'post' AND takedowns.target = held.post_id::text)
            OR (takedowns.kind = 'comment' AND takedowns.target = held.comment_id::text)
        )
        UNION ALL
        SELECT takedowns.id, takedowns.created_at
        FROM takedown_scopes
        JOIN takedowns ON takedowns.id = takedown_scopes.takedown_id
        WHERE takedown_scopes.account_id = held.account_id AND takedown_scopes.lifted_at IS NULL
    ) AS removed
    -- Once an appeal is decided, nothing is waited for.
    WHERE removed.at > clock_timestamp() - interval '1 day' AND NOT EXISTS (
        SELECT FROM appeals AS decided WHERE decided.decision_id = removed.id AND decided.state <> 'open'
    )
) AS recent
WHERE (
        shown_state(posts.state, posts.holds) IN ('deleted', 'removed', 'rejected')
        OR shown_state(comments.state, comments.holds) IN ('deleted', 'removed', 'rejected')
        OR accounts.erased_at IS NOT NULL
    )
    -- What is handed over is not taken back.
    AND held.state IN ('selected', 'notified', 'viewed', 'claimed', 'verified')
    AND NOT EXISTS (SELECT FROM prize_codes WHERE prize_codes.winner_id = held.id);
