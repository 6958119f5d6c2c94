-- The number that a message went to is sealed, but nobody needs it once the message has ended: it goes after a month, and this finds whose is due.
CREATE INDEX messages_with_number ON messages (created_at) WHERE sealed <> '';
