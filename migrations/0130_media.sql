-- Photos and videos. A row is one upload: its bytes are shared with no other one, so that removing it removes nothing of others.
CREATE TABLE media (
    id bigint NOT NULL DEFAULT next_id(),
    owner_id bigint NOT NULL,
    kind text NOT NULL,
    state text NOT NULL DEFAULT 'processing',
    -- Part of the address of every object of it: random, so that no address can be guessed.
    key text NOT NULL,
    -- What it is used for, once: null while it is attached to nothing.
    used_as text,
    post_id bigint,
    campaign_id bigint,
    alt text NOT NULL DEFAULT '',
    -- The original: what its owner said of it; the bytes arrive in as many parts. It is removed when the renditions stand.
    content_type text NOT NULL,
    byte_count bigint NOT NULL,
    sha256 bytea,
    part_bytes bigint NOT NULL,
    upload_expires_at timestamptz NOT NULL,
    -- When all bytes had arrived: from then on a worker may process it.
    uploaded_at timestamptz,
    -- Counted before each attempt: an attempt may kill its process.
    attempts integer NOT NULL DEFAULT 0,
    attempt_until timestamptz,
    progress smallint NOT NULL DEFAULT 0,
    -- The time of the frame that is the cover of a video; null: chosen automatically.
    cover_ms integer,
    -- Of the renditions. Width and height are those of the upright picture.
    width integer,
    height integer,
    duration_ms integer,
    placeholder text,
    renditions jsonb NOT NULL DEFAULT '[]',
    perceptual_hash bytea,
    -- What the metadata of the file said about being made by AI, read before they were removed.
    ai_source text,
    error_code text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ready_at timestamptz,
    failed_at timestamptz,
    -- Nobody gets it any more; a job removes its objects.
    removed_at timestamptz,
    removed_for text,
    objects_removed_at timestamptz,
    CONSTRAINT media_pkey PRIMARY KEY (id),
    CONSTRAINT media_owner FOREIGN KEY (owner_id) REFERENCES accounts (id),
    CONSTRAINT media_post FOREIGN KEY (post_id) REFERENCES posts (id),
    CONSTRAINT media_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id),
    CONSTRAINT media_kind_known CHECK (kind IN ('image', 'video')),
    CONSTRAINT media_state_known CHECK (state IN ('processing', 'ready', 'failed')),
    CONSTRAINT media_use_known CHECK (used_as IN ('post', 'avatar', 'cover', 'prize')),
    CONSTRAINT media_of_post CHECK ((used_as IS NOT DISTINCT FROM 'post') = (post_id IS NOT NULL)),
    CONSTRAINT media_of_campaign CHECK (
        campaign_id IS NULL OR used_as IS NOT DISTINCT FROM 'cover' OR used_as IS NOT DISTINCT FROM 'prize'
    ),
    CONSTRAINT media_ready_has_renditions CHECK (
        state <> 'ready' OR (width > 0 AND height > 0 AND ready_at IS NOT NULL AND jsonb_array_length(renditions) > 0)
    ),
    CONSTRAINT media_failed_has_code CHECK ((state = 'failed') = (error_code IS NOT NULL)),
    CONSTRAINT media_removed_for_known CHECK (
        removed_for IN ('deleted', 'expired', 'replaced', 'taken_down', 'erased')
    ),
    CONSTRAINT media_removed CHECK ((removed_at IS NULL) = (removed_for IS NULL)),
    CONSTRAINT media_objects_removed CHECK (objects_removed_at IS NULL OR removed_at IS NOT NULL)
);
CREATE UNIQUE INDEX media_by_key ON media (key);
CREATE INDEX media_of_owner ON media (owner_id, id DESC) WHERE removed_at IS NULL;
CREATE INDEX media_of_posts ON media (post_id) WHERE post_id IS NOT NULL;
CREATE INDEX media_of_campaigns ON media (campaign_id) WHERE campaign_id IS NOT NULL;
CREATE INDEX media_to_process ON media (uploaded_at) WHERE state = 'processing' AND removed_at IS NULL;
CREATE INDEX media_unattached ON media (created_at) WHERE used_as IS NULL AND removed_at IS NULL;
CREATE INDEX media_to_remove ON media (removed_at) WHERE removed_at IS NOT NULL AND objects_removed_at IS NULL;
