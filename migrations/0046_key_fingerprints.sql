-- Hosts that do not share the key store make different keys, and what one has sealed the other cannot open. The database knows each key
-- by its fingerprint: the first process that holds a key records it, every other one compares.
CREATE TABLE key_fingerprints (
    name text NOT NULL,
    fingerprint text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CONSTRAINT key_fingerprints_pkey PRIMARY KEY (name),
    CONSTRAINT key_fingerprints_name_known CHECK (name ~ '^(site|signing|campaign)/'),
    CONSTRAINT key_fingerprints_length CHECK (char_length(fingerprint) = 32)
);
