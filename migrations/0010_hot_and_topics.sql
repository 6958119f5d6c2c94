-- What editors do to the hot list, topics that stand for others, which topics trend, and which posts have a video.

-- Intervals: what an editor did, and until when it stood, stays known. One action per post stands at a time.
CREATE TABLE hot_actions (
    id bigint NOT NULL DEFAULT next_id(),
    post_id bigint NOT NULL,
    action text NOT NULL,
    reason text NOT NULL,
    until timestamptz NOT NULL,
    made_by bigint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    ended_by bigint,
    CONSTRAINT hot_actions_pkey PRIMARY KEY (id),
    CONSTRAINT hot_actions_post FOREIGN KEY (post_id) REFERENCES posts (id),
    CONSTRAINT hot_actions_action_known CHECK (action IN ('pin', 'boost', 'suppress')),
    CONSTRAINT hot_actions_interval CHECK (until > made_at AND ended_at >= made_at)
);
CREATE UNIQUE INDEX hot_actions_one_stands ON hot_actions (post_id) WHERE ended_at IS NULL;
CREATE INDEX hot_actions_of_post ON hot_actions (post_id, id DESC);

-- Which names stand for a topic; and a search by the beginning of a key, in the order of its code points whatever the database collates by.
CREATE INDEX topics_aliases ON topics (alias_of) WHERE alias_of IS NOT NULL;
CREATE INDEX topics_by_prefix ON topics (key COLLATE "C");
ALTER TABLE topics ADD CONSTRAINT topics_alias_of_another CHECK (alias_of <> id) NOT VALID;
ALTER TABLE topics VALIDATE CONSTRAINT topics_alias_of_another;

-- Counted anew every few seconds from the posts of the last days; may be emptied at any time.
CREATE TABLE topic_trends (
    topic_id bigint NOT NULL,
    score double precision NOT NULL,
    author_count integer NOT NULL,
    post_count integer NOT NULL,
    counted_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT topic_trends_pkey PRIMARY KEY (topic_id)
);
CREATE INDEX topic_trends_hottest ON topic_trends (score DESC, topic_id DESC);

-- Whether the shown revision holds a video; media will say so.
ALTER TABLE posts ADD COLUMN has_video boolean NOT NULL DEFAULT false;
CREATE INDEX posts_videos ON posts (published_at DESC, id DESC) WHERE state = 'published' AND has_video;

CREATE OR REPLACE VIEW visible_posts AS
SELECT id, author_id, revision, comment_policy, location, ip_region, ai_generated, created_at, published_at, edited_at, state, has_video
FROM posts
WHERE state = 'published';
