-- Takedowns of images hide posts. Those from before recorded a hash only; a SHA-256 among them takes effect now.
INSERT INTO blocked_images (takedown_id, sha256)
SELECT id, decode(target, 'hex')
FROM takedowns
WHERE kind = 'image_hash' AND lifted_at IS NULL AND target ~ '^[0-9a-f]{64}$';
UPDATE takedowns SET spread_at = NULL
WHERE kind = 'image_hash' AND lifted_at IS NULL AND target ~ '^[0-9a-f]{64}$';

-- As before, with takedowns of images.
CREATE OR REPLACE FUNCTION takedown_reason(holds integer, item_kind text, item_id bigint, of_author bigint, of_topics bigint[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN holds & 30 <> 0 THEN (
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
        -- Its author may have removed the topic from it; and the images of it, of which each takedown has its own record.
        SELECT takedowns.id, takedowns.reason_code
        FROM takedowns
        JOIN takedown_posts ON takedown_posts.takedown_id = takedowns.id AND takedown_posts.post_id = item_id
        WHERE item_kind = 'post' AND takedowns.lifted_at IS NULL
            AND ((holds & 8 <> 0 AND takedowns.kind = 'topic') OR (holds & 16 <> 0 AND takedowns.kind = 'image_hash'))
    ) AS found
    ORDER BY found.id DESC
    LIMIT 1
) END;
