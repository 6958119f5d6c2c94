-- A replaced winner was not told why, because what the editors write stays with them: a code says it, with words for the winner.
ALTER TABLE replacements ADD COLUMN reason_code text;
