-- An avatar is stored as its path, `{key}/list.webp`; the address is made where it is read, from the base that the site has now.
CREATE TABLE media_base (
    only_one boolean NOT NULL DEFAULT true,
    url text NOT NULL,
    CONSTRAINT media_base_pkey PRIMARY KEY (only_one),
    CONSTRAINT media_base_once CHECK (only_one)
);
INSERT INTO media_base (url) VALUES ('http://127.0.0.1:8080/media');

-- The public address of an avatar; null without one.
CREATE FUNCTION avatar_address(path text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN (SELECT url FROM media_base) || '/' || path;
