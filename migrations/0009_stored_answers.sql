-- The answer of a POST is kept beside its key, so that a retry is told the same; empty until it was given, and for ever where it holds a secret.
ALTER TABLE idempotency_keys ADD COLUMN status smallint;
ALTER TABLE idempotency_keys ADD COLUMN answer bytea;
ALTER TABLE idempotency_keys
ADD CONSTRAINT idempotency_keys_answer_whole CHECK ((status IS NULL) = (answer IS NULL)) NOT VALID;
ALTER TABLE idempotency_keys VALIDATE CONSTRAINT idempotency_keys_answer_whole;
