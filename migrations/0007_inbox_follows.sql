-- The inbox follows likes and comments from behind, shows only what is still visible, and is pushed row by row.

-- What a message speaks of, and whose doing it is: it shows while these do. NULL where the message must stay when its subject goes (a verdict).
ALTER TABLE inbox
    ADD COLUMN about_post_id bigint,
    ADD COLUMN about_comment_id bigint,
    ADD COLUMN actor_id bigint;
CREATE INDEX inbox_by_actor ON inbox (actor_id) WHERE actor_id IS NOT NULL;
CREATE INDEX inbox_unread ON inbox (account_id, id DESC) WHERE read_at IS NULL;

-- The one predicate of what its owner finds in an inbox.
CREATE VIEW shown_inbox AS
SELECT inbox.id, inbox.account_id, inbox.kind, inbox.title, inbox.body, inbox.deep_link, inbox.subject,
       inbox.created_at, inbox.read_at, inbox.actor_id
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

-- Comments of which nobody has been told; those that were there before this day are told.
ALTER TABLE comments ADD COLUMN told boolean NOT NULL DEFAULT true;
ALTER TABLE comments ALTER COLUMN told SET DEFAULT false;
CREATE INDEX comments_untold ON comments (id) WHERE NOT told AND state = 'published';

-- How far the likes have been followed along the change log.
CREATE TABLE inbox_position (
    single boolean NOT NULL DEFAULT true,
    number bigint NOT NULL,
    CONSTRAINT inbox_position_pkey PRIMARY KEY (single),
    CONSTRAINT inbox_position_has_one_row CHECK (single)
);
INSERT INTO inbox_position (number) SELECT last_number FROM change_numbers;

-- One row per post whose likes its author is told of. `due_at` is NULL while nothing has changed since.
CREATE TABLE like_groups (
    post_id bigint NOT NULL,
    due_at timestamptz,
    refreshed_at timestamptz,
    like_count bigint NOT NULL DEFAULT 0,
    newest_at timestamptz,
    CONSTRAINT like_groups_pkey PRIMARY KEY (post_id)
);
CREATE INDEX like_groups_due ON like_groups (due_at) WHERE due_at IS NOT NULL;

-- The push hook as all workers see it: whether one serves it, and since how many failures it has not answered.
CREATE TABLE push_hook (
    single boolean NOT NULL DEFAULT true,
    served_at timestamptz NOT NULL DEFAULT '-infinity',
    failures integer NOT NULL DEFAULT 0,
    probe_at timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT push_hook_pkey PRIMARY KEY (single),
    CONSTRAINT push_hook_has_one_row CHECK (single)
);
INSERT INTO push_hook DEFAULT VALUES;

-- What the hook is to be told, one row per message and version: `inbox_id` is what the receiver knows it by.
CREATE TABLE pushes (
    inbox_id bigint NOT NULL,
    account_id bigint NOT NULL,
    once_key text NOT NULL,
    state text NOT NULL DEFAULT 'waiting',
    tries integer NOT NULL DEFAULT 0,
    -- When it is to be tried next; while somebody tries, when others may.
    due_at timestamptz NOT NULL DEFAULT now(),
    tried_at timestamptz,
    error_code text,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT pushes_pkey PRIMARY KEY (inbox_id),
    CONSTRAINT pushes_state_known CHECK (state IN ('waiting', 'delivered', 'dead', 'retracted')),
    CONSTRAINT pushes_ended_has_time CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX pushes_due ON pushes (due_at) WHERE state = 'waiting';
CREATE INDEX pushes_of_message ON pushes (account_id, once_key);
CREATE INDEX pushes_by_state ON pushes (state, inbox_id DESC);
CREATE INDEX pushes_ended ON pushes (ended_at) WHERE ended_at IS NOT NULL;
