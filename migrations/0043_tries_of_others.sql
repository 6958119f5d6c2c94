-- Five wrong guesses by a stranger made a code useless for its owner. Guesses from elsewhere than the network that asked for the code now have tries of their own.
ALTER TABLE sign_in_codes
    ADD COLUMN requested_from bytea,
    ADD COLUMN other_tries_left smallint NOT NULL DEFAULT 5;

ALTER TABLE sign_in_codes ADD CONSTRAINT sign_in_codes_other_tries CHECK (other_tries_left >= 0) NOT VALID;
ALTER TABLE sign_in_codes VALIDATE CONSTRAINT sign_in_codes_other_tries;
