-- A settlement that did not wait keeps for what it did not, and the reason: both are signed with its result, also where a draw decides days later.
ALTER TABLE settlements ADD COLUMN forced jsonb;
