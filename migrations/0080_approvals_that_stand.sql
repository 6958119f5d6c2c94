-- The decisions of a reviewer who is no longer relied on could only be found by hand: this view has the approvals that still show something to others.

-- The approvals in force whose case is closed and whose subject is shown as it was approved, one for each case: the latest.
CREATE VIEW standing_approvals AS
SELECT verdicts.id AS verdict_id, verdicts.case_id, verdicts.stage, verdicts.post_id, verdicts.reviewer_id, verdicts.made_at
FROM verdicts
JOIN cases ON cases.id = verdicts.case_id AND cases.state = 'closed' AND cases.kind IN ('post', 'comment', 'name', 'bio', 'avatar')
LEFT JOIN posts ON posts.id = verdicts.post_id
LEFT JOIN comments ON comments.post_id = verdicts.post_id AND comments.id = verdicts.comment_id
WHERE verdicts.verdict IN ('approve', 'restore') AND verdicts.undone_at IS NULL
    AND CASE
        WHEN verdicts.comment_id IS NOT NULL THEN comments.state = 'published'
        WHEN verdicts.post_id IS NOT NULL THEN posts.state = 'published' AND coalesce(verdicts.revision, posts.revision) = posts.revision
        ELSE true
    END
    AND NOT EXISTS (
        SELECT FROM verdicts AS later
        WHERE later.case_id = verdicts.case_id AND later.id > verdicts.id AND later.undone_at IS NULL
    )
    AND NOT EXISTS (
        SELECT FROM cases AS waiting
        WHERE waiting.state = 'open' AND waiting.kind = cases.kind
            AND waiting.post_id IS NOT DISTINCT FROM cases.post_id AND waiting.comment_id IS NOT DISTINCT FROM cases.comment_id
            AND waiting.account_id IS NOT DISTINCT FROM cases.account_id
            AND (waiting.post_id IS NOT NULL OR waiting.account_id IS NOT NULL)
    );
