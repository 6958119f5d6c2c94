-- Pictures of a campaign's entries that look like those of other entries. A job compares each of them once, when its photo or video is ready and its post is an entry.

-- The rule of near-duplicates, for hashes as bits too: as such they are compared seven times as fast.
CREATE FUNCTION image_distance(one bit, other bit) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN bit_count(one # other)::integer;

CREATE OR REPLACE FUNCTION image_distance(one bytea, other bytea) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN image_distance(('x' || encode(one, 'hex'))::bit(256), ('x' || encode(other, 'hex'))::bit(256));

CREATE TABLE compared_pictures (
    campaign_id bigint NOT NULL,
    media_id bigint NOT NULL,
    post_id bigint NOT NULL,
    author_id bigint NOT NULL,
    -- The perceptual hash. A flat picture has none: only the same file is like it.
    look bit(256),
    CONSTRAINT compared_pictures_pkey PRIMARY KEY (campaign_id, media_id),
    CONSTRAINT compared_pictures_entry FOREIGN KEY (campaign_id, post_id) REFERENCES entries (campaign_id, post_id),
    CONSTRAINT compared_pictures_medium FOREIGN KEY (media_id) REFERENCES media (id)
);
CREATE INDEX compared_pictures_of_author ON compared_pictures (author_id);

-- A pair is one row: that of the picture that was compared later.
CREATE TABLE similar_pictures (
    campaign_id bigint NOT NULL,
    media_id bigint NOT NULL,
    other_id bigint NOT NULL,
    distance smallint NOT NULL,
    CONSTRAINT similar_pictures_pkey PRIMARY KEY (campaign_id, media_id, other_id),
    CONSTRAINT similar_pictures_medium FOREIGN KEY (media_id) REFERENCES media (id),
    CONSTRAINT similar_pictures_other FOREIGN KEY (other_id) REFERENCES media (id),
    CONSTRAINT similar_pictures_two CHECK (media_id <> other_id),
    CONSTRAINT similar_pictures_distance CHECK (distance BETWEEN 0 AND 256)
);
CREATE INDEX similar_pictures_by_other ON similar_pictures (campaign_id, other_id, media_id);
