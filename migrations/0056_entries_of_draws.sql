-- Every entry was a post. In a draw it may be a comment under the announcement post, or a like of it: a row names the post, the comment, or neither.
ALTER TABLE campaigns
    ADD COLUMN entry_by text NOT NULL DEFAULT 'post',
    -- The announcement post whose comments or likes are entries, from the publication on.
    ADD COLUMN entry_post_id bigint;
ALTER TABLE campaigns
    ADD CONSTRAINT campaigns_entry_by_known CHECK (entry_by IN ('post', 'comment', 'like')) NOT VALID,
    ADD CONSTRAINT campaigns_entry_post CHECK ((entry_by = 'post') = (entry_post_id IS NULL)) NOT VALID;
ALTER TABLE campaigns VALIDATE CONSTRAINT campaigns_entry_by_known;
ALTER TABLE campaigns VALIDATE CONSTRAINT campaigns_entry_post;
CREATE INDEX campaigns_by_entry_post ON campaigns (entry_post_id) WHERE entry_post_id IS NOT NULL;

-- The sheet of a campaign with a hundred thousand entries is rewritten in a second. An id is given once in all tables, so
-- that the ids of posts, comments and accounts differ.
-- squawk-ignore ban-drop-constraint
ALTER TABLE sheet_rows DROP CONSTRAINT sheet_rows_pkey;
ALTER TABLE sheet_rows
    -- squawk-ignore ban-drop-not-null
    ALTER COLUMN post_id DROP NOT NULL,
    ADD COLUMN comment_id bigint,
    -- squawk-ignore adding-field-with-default
    ADD COLUMN entry_id bigint NOT NULL GENERATED ALWAYS AS (coalesce(post_id, comment_id, account_id)) STORED;
ALTER TABLE sheet_rows
    -- squawk-ignore constraint-missing-not-valid, adding-serial-primary-key-field
    ADD CONSTRAINT sheet_rows_pkey PRIMARY KEY (settlement_id, entry_id),
    ADD CONSTRAINT sheet_rows_one_entry CHECK (num_nonnulls(post_id, comment_id) <= 1) NOT VALID;
ALTER TABLE sheet_rows VALIDATE CONSTRAINT sheet_rows_one_entry;

ALTER TABLE winners
    -- squawk-ignore ban-drop-not-null
    ALTER COLUMN post_id DROP NOT NULL,
    ADD COLUMN comment_id bigint,
    ADD CONSTRAINT winners_one_entry CHECK (num_nonnulls(post_id, comment_id) <= 1) NOT VALID;
ALTER TABLE winners VALIDATE CONSTRAINT winners_one_entry;

ALTER TABLE reserves
    -- squawk-ignore ban-drop-not-null
    ALTER COLUMN post_id DROP NOT NULL,
    ADD COLUMN comment_id bigint,
    ADD CONSTRAINT reserves_one_entry CHECK (num_nonnulls(post_id, comment_id) <= 1) NOT VALID;
ALTER TABLE reserves VALIDATE CONSTRAINT reserves_one_entry;

-- An objection may be about a comment that has entered.
ALTER TABLE objections
    ADD COLUMN comment_id bigint,
    ADD CONSTRAINT objections_one_entry CHECK (num_nonnulls(post_id, comment_id) <= 1) NOT VALID;
ALTER TABLE objections VALIDATE CONSTRAINT objections_one_entry;

CREATE OR REPLACE VIEW held_places AS
SELECT id, campaign_id, settlement_id, place, rank, post_id, account_id, person, score, prizes, state, state_reason,
    selected_at, notified_at, claim_ends_at, comment_id
FROM winners
-- As winners_one_per_place, by which a place is held once.
WHERE state NOT IN ('lapsed', 'declined', 'forfeited');

-- A place of a draw by comment ends with its comment; one of a draw by like only with the account: a like is counted as of the end.
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
        posts.state IN ('deleted', 'removed', 'rejected') OR comments.state IN ('deleted', 'removed', 'rejected')
        OR accounts.erased_at IS NOT NULL
    )
    -- What is handed over is not taken back.
    AND held.state IN ('selected', 'notified', 'viewed', 'claimed', 'verified')
    AND NOT EXISTS (SELECT FROM prize_codes WHERE prize_codes.winner_id = held.id);
