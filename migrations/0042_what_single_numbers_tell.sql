-- The public result gave two accounts of one person one pseudonym in rows that cannot win, and numbers by reason that were about one account.
-- A settlement that was frozen before keeps the form in which it was, or would have been, signed.
ALTER TABLE settlements ADD COLUMN unlinked boolean NOT NULL DEFAULT false;
