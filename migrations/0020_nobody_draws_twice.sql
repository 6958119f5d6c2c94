-- Once a value has decided, its list and its seed stay the campaign's: a later settlement names the one whose sheet made the list.
ALTER TABLE draws ADD COLUMN listed_in bigint;
ALTER TABLE draws ADD CONSTRAINT draws_listed_in FOREIGN KEY (listed_in) REFERENCES settlements (id) NOT VALID;
