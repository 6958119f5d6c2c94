-- A reviewer judged what a second account of the same phone had written, and a block hid from staff what every reader sees: both rules in one place.

-- Finds what was judged about an account, for an appeal against it.
CREATE INDEX cases_of_accounts ON cases (account_id) WHERE account_id IS NOT NULL;

-- Which account must not judge which case: those of the person who wrote the subject, who has judged the case at another stage, and, of
-- an appeal, whose verdict or sanction it is against.
CREATE VIEW barred_from_cases AS
SELECT cases.id AS case_id, same.same_id AS account_id, 'own' AS reason
FROM cases
JOIN same_person_accounts AS same ON same.account_id = cases.author_id
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
WHERE appeals.kind = 'appeal';

-- Whom a reader does not see, and why, as far as it is not public anyway. A block hides both accounts from each other (`block`); but not from
-- staff, nor from a juror an author whose entry is to be marked (`apart`: seen, without liking or answering). One's own block is also a mute:
-- it keeps the account out of one's lists in any case.
CREATE VIEW hidden_accounts AS
SELECT kept_apart.account_id, kept_apart.other_id,
    CASE
        -- OFFSET 0: pair by pair, so that no plan begins with all rights or entries.
        WHEN kept_apart.kind = 'block' AND (
            EXISTS (SELECT FROM rights_now WHERE rights_now.account_id = kept_apart.account_id OFFSET 0)
            OR EXISTS (
                SELECT FROM jurors
                JOIN entries ON entries.campaign_id = jurors.campaign_id
                WHERE jurors.account_id = kept_apart.account_id AND jurors.removed_at IS NULL
                    AND entries.author_id = kept_apart.other_id
                OFFSET 0
            )
        ) THEN 'apart'
        ELSE kept_apart.kind
    END AS kind
FROM kept_apart
UNION ALL
SELECT relations.account_id, relations.target_id, 'mute' FROM relations WHERE relations.kind = 'block';
