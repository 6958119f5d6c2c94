-- A filter of the queue walked all open cases, and nothing said by when the review of an entry is needed: indexes for each filter, and the deadline of a post.

-- The queue of one kind, and of the later stages, which are few among many open cases.
CREATE INDEX cases_urgent_by_kind ON cases (kind, due_at, id) WHERE state = 'open';
CREATE INDEX cases_urgent_by_stage ON cases (stage, due_at, id) WHERE state = 'open' AND stage > 1;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX cases_escalated;
-- The cases of an author and of a comment, and those that a reviewer has leased.
CREATE INDEX cases_by_author ON cases (author_id, id);
CREATE INDEX cases_closed_by_kind ON cases (kind, id DESC) WHERE state = 'closed';
CREATE INDEX cases_by_comment ON cases (comment_id, id) WHERE comment_id IS NOT NULL;
CREATE INDEX cases_leased ON cases (leased_by, due_at) WHERE leased_by IS NOT NULL;

-- The campaigns whose settlement waits for the review of a post or of its comments, with their end: of an entry, and of the post under
-- which a draw is entered.
CREATE VIEW review_deadlines AS
SELECT entries.post_id, campaigns.id AS campaign_id, campaigns.ends_at
FROM entries
JOIN campaigns ON campaigns.id = entries.campaign_id AND campaigns.state IN ('scheduled', 'judging')
UNION ALL
SELECT campaigns.entry_post_id, campaigns.id, campaigns.ends_at
FROM campaigns
WHERE campaigns.entry_post_id IS NOT NULL AND campaigns.state IN ('scheduled', 'judging');

-- Who has the lease of a case: null when it has run out, or when the account may not review any more. An account that loses the role, is banned or erased
-- frees the cases at once. A function of the row, because a statement that has waited for the row's lock must judge it as it is then.
CREATE FUNCTION lease_holder(leased_by bigint, leased_until timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE STRICT
RETURN CASE
    WHEN leased_until > clock_timestamp()
        AND EXISTS (SELECT FROM rights_now WHERE rights_now.account_id = leased_by)
    THEN leased_by
END;
