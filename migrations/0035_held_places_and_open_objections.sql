-- Whether a place is still held was said in nine statements, and which objection is open in three: each is said here.
CREATE VIEW held_places AS
SELECT id, campaign_id, settlement_id, place, rank, post_id, account_id, person, score, prizes, state, state_reason,
    selected_at, notified_at, claim_ends_at
FROM winners
-- As winners_one_per_place, by which a place is held once.
WHERE state NOT IN ('lapsed', 'declined', 'forfeited');

-- Without an answer, or upheld and what follows not done; a winner whose place has ended otherwise needs no replacing.
CREATE VIEW open_objections AS
SELECT objections.id, objections.campaign_id, objections.settlement_id, objections.made_at, objections.answered_at
FROM objections
JOIN settlements ON settlements.id = objections.settlement_id AND settlements.undone_at IS NULL
WHERE (objections.answered_at IS NULL OR (objections.remedy IS NOT NULL AND objections.remedied_at IS NULL))
    AND (
        objections.winner_id IS NULL
        OR EXISTS (SELECT FROM held_places WHERE held_places.id = objections.winner_id)
    );
