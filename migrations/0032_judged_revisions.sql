-- Which revision of an entry is judged was decided in eight statements; now it is decided here. So is which one is the newest made in time, which two statements asked.
CREATE VIEW judged_revisions AS
SELECT entries.campaign_id, entries.post_id, latest.revision, latest.text, latest.topic_ids, latest.media_ids,
    campaigns.topic_id = ANY (latest.topic_ids) AS bears_topic
FROM entries
JOIN campaigns ON campaigns.id = entries.campaign_id
-- The approval may come after the end; the revision itself may not.
CROSS JOIN LATERAL (
    SELECT revision, text, topic_ids, media_ids
    FROM post_revisions
    WHERE post_id = entries.post_id AND created_at < campaigns.ends_at AND approved_at IS NOT NULL
    ORDER BY revision DESC
    LIMIT 1
) AS latest;

-- The newest revision of an entry that was made before the end, approved or not, and whether it waits for its review.
CREATE VIEW newest_revisions AS
SELECT entries.campaign_id, entries.post_id, newest.revision, newest.waits
FROM entries
JOIN campaigns ON campaigns.id = entries.campaign_id
CROSS JOIN LATERAL (
    SELECT revision, approved_at IS NULL AND refused_at IS NULL AS waits
    FROM post_revisions
    WHERE post_id = entries.post_id AND created_at < campaigns.ends_at
    ORDER BY revision DESC
    LIMIT 1
) AS newest;

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
            SELECT judged.revision
            FROM judged_revisions AS judged
            WHERE judged.campaign_id = marks.campaign_id AND judged.post_id = marks.post_id
        )
    )
    AND NOT EXISTS (
        SELECT FROM conflicts
        WHERE conflicts.campaign_id = marks.campaign_id AND conflicts.post_id = marks.post_id AND conflicts.account_id = marks.juror_id
    );
