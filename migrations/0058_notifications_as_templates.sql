-- A notification was stored as a Chinese sentence, whatever its reader's language: its template and parameters are kept instead.
ALTER TABLE inbox
    ADD COLUMN template text,
    ADD COLUMN params jsonb NOT NULL DEFAULT '{}',
    ALTER COLUMN title SET DEFAULT '',
    ALTER COLUMN body SET DEFAULT '';
-- Rows of earlier versions have no template and keep their text.
ALTER TABLE inbox ADD CONSTRAINT inbox_template_or_text CHECK (template IS NULL OR (title = '' AND body = '')) NOT VALID;
ALTER TABLE inbox VALIDATE CONSTRAINT inbox_template_or_text;

-- As before, with the two columns.
CREATE OR REPLACE VIEW shown_inbox AS
SELECT inbox.id, inbox.account_id, inbox.kind, inbox.title, inbox.body, inbox.deep_link, inbox.subject,
       inbox.created_at, inbox.read_at, inbox.actor_id, inbox.template, inbox.params
FROM inbox
LEFT JOIN visible_posts ON visible_posts.id = inbox.about_post_id
LEFT JOIN comments ON comments.post_id = inbox.about_post_id AND comments.id = inbox.about_comment_id
WHERE (inbox.about_post_id IS NULL OR visible_posts.id IS NOT NULL)
    AND (inbox.about_comment_id IS NULL OR comments.state = 'published')
    AND (inbox.actor_id IS NULL OR NOT EXISTS (
        SELECT FROM relations
        WHERE relations.account_id = inbox.account_id AND relations.kind IN ('block', 'mute')
            AND relations.target_id = inbox.actor_id
    ))
    AND (inbox.actor_id IS NULL OR NOT EXISTS (
        SELECT FROM relations
        WHERE relations.account_id = inbox.actor_id AND relations.kind = 'block'
            AND relations.target_id = inbox.account_id
    ));
