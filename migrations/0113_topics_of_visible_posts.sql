-- A topic that only waiting or hidden posts name has no page and is not found: its name is a text of theirs.
-- Topics that others see: of a visible post (`topic_posts` lists no other), of an alias with one, of a published campaign, and aliases
-- themselves, which the newsroom has made. Scalar subqueries, so that none is planned as a scan of all posts.
CREATE VIEW public_topics AS
SELECT topics.id, topics.key, topics.name, topics.state, topics.alias_of
FROM shown_topics AS topics
WHERE topics.alias_of IS NOT NULL
    OR (SELECT true FROM topic_posts WHERE topic_posts.topic_id = topics.id LIMIT 1) IS NOT NULL
    OR (
        SELECT true
        FROM topics AS aliases JOIN topic_posts ON topic_posts.topic_id = aliases.id
        WHERE aliases.alias_of = topics.id
        LIMIT 1
    ) IS NOT NULL
    OR (
        SELECT true FROM campaigns
        WHERE campaigns.topic_id = topics.id AND campaigns.published_at IS NOT NULL
        LIMIT 1
    ) IS NOT NULL;
