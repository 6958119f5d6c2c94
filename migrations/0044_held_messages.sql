-- A message that waits for the end of the quiet hours or for the next day's quota looked like one that nobody sends, and a changed setting did not let it go.
-- `held_setting` is the setting that it waits for: under another one it is looked at again.
ALTER TABLE messages
    ADD COLUMN held_until timestamptz,
    ADD COLUMN held_by text,
    ADD COLUMN held_setting text;

ALTER TABLE messages ADD CONSTRAINT messages_held_by_known CHECK (held_by IN ('quiet_hours', 'quota')) NOT VALID;
ALTER TABLE messages VALIDATE CONSTRAINT messages_held_by_known;
