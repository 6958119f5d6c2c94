-- Which media an entry is judged by, in one place for the settlement, the leaderboard, the shortlist and the participant: the media of the judged revision.

-- Whether the rules in force ask for a photo or a video. The table is small: rewriting it takes no time.
ALTER TABLE campaigns
    -- squawk-ignore adding-field-with-default
    ADD COLUMN requires_media boolean NOT NULL GENERATED ALWAYS AS (draft @> '{"eligibility": {"require_media": true}}') STORED;

-- As before, with whether the revision's media suffice: all of them are ready, and there is one where the rules ask for it.
CREATE OR REPLACE VIEW judged_revisions AS
SELECT entries.campaign_id, entries.post_id, latest.revision, latest.text, latest.topic_ids, latest.media_ids,
    campaigns.entry_topic_ids && latest.topic_ids AS bears_topic,
    CASE
        WHEN latest.media_ids = '{}' THEN NOT campaigns.requires_media
        ELSE NOT EXISTS (SELECT FROM media WHERE media.id = ANY (latest.media_ids) AND media.state <> 'ready')
    END AS media_suffice
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

-- As before, with the media.
CREATE OR REPLACE VIEW newest_revisions AS
SELECT entries.campaign_id, entries.post_id, newest.revision, newest.waits, newest.media_ids
FROM entries
JOIN campaigns ON campaigns.id = entries.campaign_id
CROSS JOIN LATERAL (
    SELECT revision, approved_at IS NULL AND refused_at IS NULL AS waits, media_ids
    FROM post_revisions
    WHERE post_id = entries.post_id AND created_at < campaigns.ends_at
    ORDER BY revision DESC
    LIMIT 1
) AS newest;

-- The media of an entry's post that are not ready: those that may become ready, and those that will not.
CREATE VIEW unready_media_of_entries AS
SELECT entries.campaign_id, entries.post_id,
    coalesce(array_agg(media.id) FILTER (WHERE media.state = 'processing' AND media.removed_at IS NULL), '{}') AS waiting_ids,
    coalesce(array_agg(media.id) FILTER (WHERE media.state = 'failed' OR media.removed_at IS NOT NULL), '{}') AS failed_ids
FROM entries
JOIN media ON media.post_id = entries.post_id AND media.state <> 'ready'
GROUP BY entries.campaign_id, entries.post_id;
