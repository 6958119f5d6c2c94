-- Users who are harassed keep strangers from commenting and replying for a time. It holds for the person: each account of it has the same time.
ALTER TABLE accounts ADD COLUMN protected_until timestamptz;
