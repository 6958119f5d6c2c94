-- Browsers had no sign-in: a page knows its user by a cookie that belongs to a sign-in, and the app hands its user over with a ticket that works once.
CREATE TABLE web_sessions (
    secret_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL,
    -- The sign-in in `sign_ins`: ending it ends the session.
    family bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT web_sessions_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT web_sessions_secret_hashed CHECK (octet_length(secret_hash) = 32)
);
CREATE INDEX web_sessions_of_family ON web_sessions (family);
CREATE INDEX web_sessions_of_account ON web_sessions (account_id);
CREATE INDEX web_sessions_by_end ON web_sessions (expires_at);

CREATE TABLE web_tickets (
    ticket_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL,
    -- The page that the ticket leads to.
    path text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT web_tickets_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT web_tickets_ticket_hashed CHECK (octet_length(ticket_hash) = 32),
    CONSTRAINT web_tickets_path_local CHECK (path LIKE '/%' AND path NOT LIKE '//%')
);
CREATE INDEX web_tickets_of_account ON web_tickets (account_id);
CREATE INDEX web_tickets_by_end ON web_tickets (expires_at);
