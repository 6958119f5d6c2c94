-- Marks count for what was read: on the shortlist where the rules name one, and of the revision that is judged. And a jury that has marked is changed by two people.
CREATE OR REPLACE VIEW counted_marks AS
SELECT marks.campaign_id, marks.post_id, marks.juror_id, marks.score, marks.scores, marks.note, marks.revision, marks.marked_at
FROM marks
JOIN campaigns ON campaigns.id = marks.campaign_id
LEFT JOIN jurors ON jurors.campaign_id = marks.campaign_id AND jurors.account_id = marks.juror_id
WHERE CASE
        WHEN EXISTS (SELECT FROM jurors AS named WHERE named.campaign_id = marks.campaign_id AND named.removed_at IS NULL)
            THEN jurors.account_id IS NOT NULL AND jurors.removed_at IS NULL
        ELSE coalesce(jurors.removed_at < marks.marked_at, true)
    END
    AND (
        campaigns.draft ->> 'shortlist_size' IS NULL
        OR EXISTS (
            SELECT FROM entries
            WHERE entries.campaign_id = marks.campaign_id AND entries.post_id = marks.post_id AND entries.shortlisted_at IS NOT NULL
        )
    )
    -- A mark from before revisions were kept says nothing of one.
    AND (
        marks.revision IS NULL
        OR marks.revision = (
            SELECT max(judged.revision)
            FROM post_revisions AS judged
            WHERE judged.post_id = marks.post_id AND judged.created_at < campaigns.ends_at AND judged.approved_at IS NOT NULL
        )
    )
    AND NOT EXISTS (
        SELECT FROM conflicts
        WHERE conflicts.campaign_id = marks.campaign_id AND conflicts.post_id = marks.post_id AND conflicts.account_id = marks.juror_id
    );

-- A frozen sheet takes no mark, and what has been seen is not marked again when it is undone.
UPDATE campaigns SET marks_locked_at = frozen_at
WHERE frozen_at IS NOT NULL AND marks_locked_at IS NULL;

-- Another jury, asked for by one person: it takes another one to remove somebody who has marked.
CREATE TABLE jury_changes (
    campaign_id bigint NOT NULL,
    user_ids bigint[] NOT NULL,
    reason text NOT NULL,
    asked_by bigint NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT jury_changes_pkey PRIMARY KEY (campaign_id),
    CONSTRAINT jury_changes_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id)
);
