-- Topics that differ in invisible characters only become one topic, and posts with an alias of a campaign's topic enter the campaign.

-- Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), for the keys below.
CREATE TEMP TABLE ignorable ON COMMIT DROP AS
SELECT E'[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff'
    || E'\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]' AS pattern;

-- Topics with an invisible character in their key, by the key without it. One scan of topics; posts and revisions are not rewritten.
CREATE TEMP TABLE rekeyed ON COMMIT DROP AS
SELECT topics.id, topics.alias_of, normalize(regexp_replace(topics.key, ignorable.pattern, '', 'g'), NFKC) AS new_key
FROM topics, ignorable
WHERE topics.key ~ ignorable.pattern;

-- Which topic each of them becomes: the one that has the new key already, or else the one with a campaign, or the oldest.
CREATE TEMP TABLE merged ON COMMIT DROP AS
SELECT rekeyed.id, rekeyed.new_key, coalesce(
    plain.id,
    first_value(rekeyed.id) OVER (
        PARTITION BY rekeyed.new_key
        ORDER BY EXISTS (
            SELECT FROM campaigns WHERE campaigns.topic_id = rekeyed.id AND campaigns.state = 'scheduled'
        ) DESC, rekeyed.alias_of IS NOT NULL, rekeyed.id
    )
) AS kept_id
FROM rekeyed
LEFT JOIN topics AS plain ON plain.key = rekeyed.new_key
WHERE rekeyed.new_key <> '';

-- Editors may have made one of them an alias of another before.
UPDATE topics SET alias_of = NULL
FROM merged
WHERE topics.id = merged.kept_id AND topics.alias_of IN (SELECT others.id FROM merged AS others WHERE others.kept_id = topics.id);

-- The others become aliases, under their old keys, which no name leads to any more: their posts stay where they are and are
-- read, counted and entered under the topic that is kept.
UPDATE topics SET alias_of = coalesce(kept.alias_of, kept.id)
FROM merged
JOIN topics AS kept ON kept.id = merged.kept_id
WHERE topics.id = merged.id AND merged.id <> merged.kept_id;

-- No alias leads to an alias.
UPDATE topics SET alias_of = targets.alias_of
FROM topics AS targets
JOIN merged ON merged.id = targets.id AND merged.id <> merged.kept_id
WHERE topics.alias_of = targets.id AND topics.id <> targets.alias_of;

UPDATE topics SET key = merged.new_key
FROM merged
WHERE topics.id = merged.id AND merged.id = merged.kept_id;

-- A name without anything visible (combining marks, blanks) and the dot segments of paths are no topics any more.
UPDATE topics SET state = 'hidden'
FROM ignorable
WHERE topics.key IN ('.', '..') OR regexp_replace(topics.key, ignorable.pattern, '', 'g')
    ~ E'^[\\s\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u2800\u3099\u309a\ufe20-\ufe2f]*$';

-- Names are shown without what is not drawn; joiners, variation selectors and the tags of flags stay.
UPDATE topics SET name = cleaned.name
FROM (
    SELECT id, regexp_replace(
        name,
        E'[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff'
        || E'\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a]', '', 'g'
    ) AS name
    FROM topics
) AS cleaned
WHERE topics.id = cleaned.id AND topics.name <> cleaned.name AND cleaned.name <> '';

-- The topics whose posts enter a campaign: its own, and each that is or was an alias of it between publication and end.
-- An alias is never taken out, so that no change of aliases puts an entry out. The table is small: rewriting it takes no time.
ALTER TABLE campaigns
    ADD COLUMN alias_topic_ids bigint[] NOT NULL DEFAULT '{}',
    -- squawk-ignore adding-field-with-default
    ADD COLUMN entry_topic_ids bigint[] GENERATED ALWAYS AS (topic_id || alias_topic_ids) STORED;

CREATE OR REPLACE VIEW judged_revisions AS
SELECT entries.campaign_id, entries.post_id, latest.revision, latest.text, latest.topic_ids, latest.media_ids,
    campaigns.entry_topic_ids && latest.topic_ids AS bears_topic
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

-- What had ended stays as it was. A campaign that had not takes the entries of the resolved topic and of its aliases.
UPDATE campaigns
SET topic_id = resolved.id, alias_topic_ids = ARRAY(
    SELECT aliases.id FROM topics AS aliases WHERE aliases.alias_of = resolved.id AND aliases.state <> 'hidden' ORDER BY aliases.id
)
FROM topics AS named
JOIN topics AS resolved ON resolved.id = coalesce(named.alias_of, named.id)
WHERE named.id = campaigns.topic_id AND campaigns.state = 'scheduled' AND campaigns.ends_at > now();

INSERT INTO entries (campaign_id, post_id, author_id, entered_at)
SELECT campaigns.id, posts.id, posts.author_id, posts.created_at
FROM campaigns
JOIN topic_posts ON topic_posts.topic_id = ANY (campaigns.entry_topic_ids) AND topic_posts.published_at >= campaigns.starts_at
JOIN posts ON posts.id = topic_posts.post_id AND posts.created_at >= campaigns.starts_at AND posts.created_at < campaigns.ends_at
WHERE campaigns.state = 'scheduled' AND campaigns.ends_at > now() AND campaigns.alias_topic_ids <> '{}'
ON CONFLICT DO NOTHING;
