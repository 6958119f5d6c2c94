#!/bin/sh
# Run once by the image of Postgres, when its volume is empty. The owner of the schema owns its database and nothing else; the application's
# role owns nothing, and gets its rights from `feed migrate`.
set -e
psql -v ON_ERROR_STOP=1 --username postgres <<'SQL'
\getenv password FEED_PASSWORD
\getenv owner_password FEED_OWNER_PASSWORD
CREATE ROLE feed LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
CREATE ROLE feed_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD :'password';
CREATE DATABASE feed OWNER feed;
SQL
