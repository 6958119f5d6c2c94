-- Stored responses to others may contain the name of an account that the app has erased: they are swept by the hour, because one statement over a day of them could take too long.
ALTER TABLE erasures
    ADD COLUMN name text,
    -- Up to which time of their creation responses are swept; NULL: there is nothing to sweep.
    ADD COLUMN swept_at timestamptz;
ALTER TABLE erasures ADD CONSTRAINT erasures_swept_with_name CHECK ((name IS NULL) = (swept_at IS NULL)) NOT VALID;
ALTER TABLE erasures VALIDATE CONSTRAINT erasures_swept_with_name;
