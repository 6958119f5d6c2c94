-- The first approval of an announcement counted for whatever the places had become since: it is now bound to what that person saw.
ALTER TABLE campaigns ADD COLUMN announced_first_for text;
