-- The salt of a result's pseudonyms is there before the freeze, so that the same rows give the same bytes whoever freezes them, also after a restore.
ALTER TABLE campaigns ALTER COLUMN result_salt SET DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
UPDATE campaigns SET result_salt = sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
WHERE result_salt IS NULL;
