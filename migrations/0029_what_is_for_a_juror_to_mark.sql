-- What is for a juror to mark was said twice, for the call and for the list of one's juries: the competing entries of the shortlist, or all while nobody is on it, but for conflicts.
CREATE VIEW juror_entries AS
SELECT jurors.campaign_id, jurors.account_id, entries.post_id, marks.post_id IS NOT NULL AS is_marked
FROM jurors
JOIN entries ON entries.campaign_id = jurors.campaign_id AND entries.disqualified_at IS NULL
JOIN visible_posts ON visible_posts.id = entries.post_id
LEFT JOIN counted_marks AS marks
    ON marks.campaign_id = entries.campaign_id AND marks.post_id = entries.post_id AND marks.juror_id = jurors.account_id
WHERE jurors.removed_at IS NULL
    AND (
        entries.shortlisted_at IS NOT NULL
        OR NOT EXISTS (
            SELECT FROM entries AS listed WHERE listed.campaign_id = entries.campaign_id AND listed.shortlisted_at IS NOT NULL
        )
    )
    AND NOT EXISTS (
        SELECT FROM conflicts
        WHERE conflicts.campaign_id = entries.campaign_id AND conflicts.post_id = entries.post_id
            AND conflicts.account_id = jurors.account_id
    );
