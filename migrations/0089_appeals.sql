-- A decision against a user could be reversed by staff only, and its user had no way to ask for that.
-- What was decided against an account, and whether it is in force: the latest verdict that hides a post or comment, or refuses an edit
-- of it, and mutes and bans. An id is given once in all tables.
CREATE VIEW decisions AS
SELECT verdicts.id, 'verdict' AS kind, verdicts.author_id AS account_id,
    CASE WHEN verdicts.comment_id IS NULL THEN 'post' ELSE 'comment' END AS target_kind,
    coalesce(verdicts.comment_id, verdicts.post_id) AS target_id, verdicts.post_id, verdicts.comment_id, verdicts.revision,
    verdicts.verdict AS effect, verdicts.reason_code, verdicts.made_at, NULL::timestamptz AS until,
    verdicts.undone_at IS NULL AND coalesce(comments.state, posts.state) <> 'deleted' AND NOT EXISTS (
        SELECT FROM cases
        JOIN verdicts AS later ON later.case_id = cases.id
        WHERE cases.post_id = verdicts.post_id AND cases.comment_id IS NOT DISTINCT FROM verdicts.comment_id
            AND later.id > verdicts.id AND later.undone_at IS NULL
            AND later.verdict IN ('approve', 'restore', 'remove', 'reject')
    ) AS in_force
FROM verdicts
JOIN posts ON posts.id = verdicts.post_id
LEFT JOIN comments ON comments.post_id = verdicts.post_id AND comments.id = verdicts.comment_id
WHERE verdicts.verdict IN ('remove', 'reject')
UNION ALL
SELECT sanctions.id, 'sanction', sanctions.account_id, 'user', sanctions.account_id, NULL, NULL, NULL,
    sanctions.kind, sanctions.reason_code, sanctions.starts_at, sanctions.until,
    sanctions.lifted_at IS NULL AND (sanctions.until IS NULL OR sanctions.until > clock_timestamp())
FROM sanctions;
CREATE INDEX verdicts_against ON verdicts (author_id, id) WHERE verdict IN ('remove', 'reject');

-- An appeal against one decision, once, and the case in which another person decides about it.
CREATE TABLE appeals (
    id bigint NOT NULL DEFAULT next_id(),
    case_id bigint NOT NULL,
    decision_kind text NOT NULL,
    decision_id bigint NOT NULL,
    account_id bigint NOT NULL,
    text text NOT NULL,
    state text NOT NULL DEFAULT 'open',
    -- Of the rejection.
    reason_code text,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_at timestamptz,
    verdict_id bigint,
    CONSTRAINT appeals_pkey PRIMARY KEY (id),
    CONSTRAINT appeals_case FOREIGN KEY (case_id) REFERENCES cases (id),
    CONSTRAINT appeals_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT appeals_state_known CHECK (state IN ('open', 'upheld', 'rejected')),
    CONSTRAINT appeals_decided CHECK ((state = 'open') = (decided_at IS NULL) AND (state = 'open' OR verdict_id IS NOT NULL)),
    CONSTRAINT appeals_rejected_with_reason CHECK ((state = 'rejected') = (reason_code IS NOT NULL))
);
CREATE UNIQUE INDEX appeals_once ON appeals (decision_id);
CREATE UNIQUE INDEX appeals_of_case ON appeals (case_id);
CREATE INDEX appeals_of_account ON appeals (account_id, id);
-- The open appeals about an item.
CREATE INDEX cases_appealed ON cases (coalesce(comment_id, post_id)) WHERE kind = 'appeal' AND state = 'open';
