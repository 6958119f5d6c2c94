-- Images that are taken down, by their hashes, and the media that contain one. Both are of takedowns in force only: an undo removes the rows.

-- The number of different bits of two perceptual hashes of 32 bytes.
CREATE FUNCTION image_distance(one bytea, other bytea) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN bit_count(('x' || encode(one, 'hex'))::bit(256) # ('x' || encode(other, 'hex'))::bit(256))::integer;

CREATE TABLE blocked_images (
    id bigint NOT NULL DEFAULT next_id(),
    takedown_id bigint NOT NULL,
    -- Of the file as it was uploaded: the same bytes. Or what the picture looks like: also recompressed and resized.
    sha256 bytea,
    perceptual_hash bytea,
    -- The media until here have been compared; those that become ready later are compared then.
    compared_to bigint NOT NULL DEFAULT 0,
    CONSTRAINT blocked_images_pkey PRIMARY KEY (id),
    CONSTRAINT blocked_images_takedown FOREIGN KEY (takedown_id) REFERENCES takedowns (id),
    CONSTRAINT blocked_images_one_hash CHECK (num_nonnulls(sha256, perceptual_hash) = 1),
    CONSTRAINT blocked_images_lengths CHECK (octet_length(coalesce(sha256, perceptual_hash)) = 32)
);
CREATE INDEX blocked_images_of_takedown ON blocked_images (takedown_id);
CREATE INDEX blocked_images_by_sha256 ON blocked_images (sha256) WHERE sha256 IS NOT NULL;

CREATE TABLE blocked_media (
    media_id bigint NOT NULL,
    takedown_id bigint NOT NULL,
    CONSTRAINT blocked_media_pkey PRIMARY KEY (media_id, takedown_id),
    CONSTRAINT blocked_media_takedown FOREIGN KEY (takedown_id) REFERENCES takedowns (id),
    CONSTRAINT blocked_media_medium FOREIGN KEY (media_id) REFERENCES media (id)
);
CREATE INDEX blocked_media_of_takedown ON blocked_media (takedown_id, media_id);

-- The table of media is as new as this file.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX media_by_sha256 ON media (sha256) WHERE sha256 IS NOT NULL;
