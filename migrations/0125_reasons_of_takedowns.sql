-- Why an item is taken down: the reason of the latest takedown in force of the item, its author or a topic of it; null without one.
-- `holds` are those of the item, or what it will have: feed/cases/holds.py has the bits.
CREATE FUNCTION takedown_reason(holds integer, item_kind text, item_id bigint, of_author bigint, of_topics bigint[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN holds & 14 <> 0 THEN (
    SELECT found.reason_code
    FROM (
        SELECT takedowns.id, takedowns.reason_code
        FROM takedowns
        WHERE holds & 2 <> 0 AND takedowns.kind = item_kind AND takedowns.target = item_id::text AND takedowns.lifted_at IS NULL
        UNION ALL
        SELECT takedowns.id, takedowns.reason_code
        FROM takedown_scopes AS scopes
        JOIN takedowns ON takedowns.id = scopes.takedown_id
        WHERE holds & 4 <> 0 AND scopes.account_id = of_author AND scopes.lifted_at IS NULL
        UNION ALL
        SELECT takedowns.id, takedowns.reason_code
        FROM takedown_scopes AS scopes
        JOIN takedowns ON takedowns.id = scopes.takedown_id
        WHERE holds & 8 <> 0 AND scopes.topic_id = ANY (of_topics) AND scopes.lifted_at IS NULL
        UNION ALL
        -- Its author may have removed the topic from it.
        SELECT takedowns.id, takedowns.reason_code
        FROM takedowns
        JOIN takedown_posts ON takedown_posts.takedown_id = takedowns.id AND takedown_posts.post_id = item_id
        WHERE holds & 8 <> 0 AND item_kind = 'post' AND takedowns.kind = 'topic' AND takedowns.lifted_at IS NULL
    ) AS found
    ORDER BY found.id DESC
    LIMIT 1
) END;
