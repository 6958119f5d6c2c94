-- Who has labelled a post as made by AI, and how old an account's owner is as far as it matters.

-- Null with ai_generated: declared by its author, as in every post from before.
ALTER TABLE posts ADD COLUMN ai_label_source text;
ALTER TABLE posts ADD CONSTRAINT posts_ai_label_source_known CHECK (ai_label_source IN ('declared', 'reviewer', 'metadata')) NOT VALID;
ALTER TABLE posts VALIDATE CONSTRAINT posts_ai_label_source_known;

-- Null: unknown. By the app's tokens, or by the account itself.
ALTER TABLE accounts ADD COLUMN age_band text;
ALTER TABLE accounts ADD COLUMN age_band_by_app boolean NOT NULL DEFAULT false;
ALTER TABLE accounts ADD CONSTRAINT accounts_age_band_known CHECK (age_band IN ('under_14', '14_17', 'adult')) NOT VALID;
ALTER TABLE accounts VALIDATE CONSTRAINT accounts_age_band_known;

-- The name that stands in public rankings and lists of winners: of a child below 14 a neutral one.
CREATE FUNCTION ranked_name(name text, age_band text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN age_band = 'under_14' THEN '小读者' ELSE name END;
