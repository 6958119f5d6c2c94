-- What readers must not see is taken down by its id or by a link, also without a case, and comes back exactly as it was.
CREATE TABLE takedowns (
    id bigint NOT NULL DEFAULT next_id(),
    kind text NOT NULL,
    -- The id of the post, comment, topic or account in digits; of an image its hash in hexadecimal digits.
    target text NOT NULL,
    -- Whose item it is, and which revision of it was shown; NULL for topics and images.
    author_id bigint,
    post_id bigint,
    revision integer,
    reason_code text NOT NULL,
    actor_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lifted_at timestamptz,
    lifted_by bigint,
    lift_reason text,
    -- Since when every item has the hold, or after the end none of them; NULL while chunks are written.
    spread_at timestamptz,
    -- When the items were looked through last.
    checked_at timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT takedowns_pkey PRIMARY KEY (id),
    CONSTRAINT takedowns_actor FOREIGN KEY (actor_id) REFERENCES accounts (id),
    CONSTRAINT takedowns_lifter FOREIGN KEY (lifted_by) REFERENCES accounts (id),
    CONSTRAINT takedowns_author FOREIGN KEY (author_id) REFERENCES accounts (id),
    CONSTRAINT takedowns_kind_known CHECK (kind IN ('post', 'comment', 'topic', 'user', 'image_hash')),
    CONSTRAINT takedowns_lifted_whole CHECK (num_nulls(lifted_at, lifted_by, lift_reason) IN (0, 3))
);
-- Two takedowns of one target are one.
CREATE UNIQUE INDEX takedowns_in_force ON takedowns (kind, target) WHERE lifted_at IS NULL;
CREATE INDEX takedowns_by_target ON takedowns (kind, target, id DESC);
CREATE INDEX takedowns_due ON takedowns (checked_at, id) WHERE spread_at IS NULL;
CREATE INDEX takedowns_of_many ON takedowns (checked_at, id) WHERE lifted_at IS NULL AND kind IN ('user', 'topic');

-- The accounts of the person whom a takedown is of, and the topic with its aliases: also those that are added while it is in force.
CREATE TABLE takedown_scopes (
    takedown_id bigint NOT NULL,
    account_id bigint,
    topic_id bigint,
    lifted_at timestamptz,
    CONSTRAINT takedown_scopes_takedown FOREIGN KEY (takedown_id) REFERENCES takedowns (id),
    CONSTRAINT takedown_scopes_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT takedown_scopes_topic FOREIGN KEY (topic_id) REFERENCES topics (id),
    CONSTRAINT takedown_scopes_one CHECK (num_nonnulls(account_id, topic_id) = 1)
);
CREATE INDEX takedown_scopes_by_takedown ON takedown_scopes (takedown_id);
CREATE INDEX takedown_scopes_by_account ON takedown_scopes (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX takedown_scopes_by_topic ON takedown_scopes (topic_id) WHERE topic_id IS NOT NULL;
CREATE UNIQUE INDEX takedown_scopes_accounts ON takedown_scopes (account_id) WHERE lifted_at IS NULL AND account_id IS NOT NULL;
CREATE UNIQUE INDEX takedown_scopes_topics ON takedown_scopes (topic_id) WHERE lifted_at IS NULL AND topic_id IS NOT NULL;

-- The posts that a takedown of a topic has hidden. They keep their place here when their authors remove the topic from them.
CREATE TABLE takedown_posts (
    takedown_id bigint NOT NULL,
    post_id bigint NOT NULL,
    CONSTRAINT takedown_posts_pkey PRIMARY KEY (takedown_id, post_id),
    CONSTRAINT takedown_posts_takedown FOREIGN KEY (takedown_id) REFERENCES takedowns (id)
);

-- Who and what is taken down now. Cards and lists read them, so that nothing is seen before its own row has the hold.
CREATE VIEW taken_down_accounts AS
SELECT account_id FROM takedown_scopes WHERE lifted_at IS NULL AND account_id IS NOT NULL;

CREATE VIEW taken_down_topics AS
SELECT topic_id FROM takedown_scopes WHERE lifted_at IS NULL AND topic_id IS NOT NULL;

-- Topics that have a page, and are suggested.
CREATE VIEW shown_topics AS
SELECT topics.id, topics.key, topics.name, topics.state, topics.alias_of
FROM topics
WHERE topics.state <> 'hidden' AND NOT EXISTS (SELECT FROM taken_down_topics WHERE taken_down_topics.topic_id = topics.id);

-- As before, with takedowns of the person, also through an account that is not in the scope yet: what the account writes is hidden.
CREATE OR REPLACE VIEW standings_now AS
SELECT accounts.id AS account_id, sanctions_now.banned OR accounts.erased_at IS NOT NULL AS banned, sanctions_now.muted,
    EXISTS (
        SELECT FROM same_person_accounts AS same JOIN taken_down_accounts AS down ON down.account_id = same.same_id
        WHERE same.account_id = accounts.id
    ) AS taken_down
FROM accounts
JOIN sanctions_now ON sanctions_now.account_id = accounts.id;

-- As before, without what accounts have done that are taken down.
CREATE OR REPLACE VIEW shown_inbox AS
SELECT inbox.id, inbox.account_id, inbox.kind, inbox.title, inbox.body, inbox.deep_link, inbox.subject,
       inbox.created_at, inbox.read_at, inbox.actor_id, inbox.template, inbox.params
FROM inbox
LEFT JOIN visible_posts ON visible_posts.id = inbox.about_post_id
LEFT JOIN visible_comments ON visible_comments.post_id = inbox.about_post_id AND visible_comments.id = inbox.about_comment_id
WHERE (inbox.about_post_id IS NULL OR visible_posts.id IS NOT NULL)
    AND (inbox.about_comment_id IS NULL OR visible_comments.id IS NOT NULL)
    AND (inbox.actor_id IS NULL OR NOT EXISTS (
        SELECT FROM relations
        WHERE relations.account_id = inbox.account_id AND relations.kind IN ('block', 'mute')
            AND relations.target_id = inbox.actor_id
    ))
    AND (inbox.actor_id IS NULL OR NOT EXISTS (
        SELECT FROM relations
        WHERE relations.account_id = inbox.actor_id AND relations.kind = 'block'
            AND relations.target_id = inbox.account_id
    ))
    AND (inbox.actor_id IS NULL OR NOT EXISTS (
        SELECT FROM taken_down_accounts WHERE taken_down_accounts.account_id = inbox.actor_id
    ));
