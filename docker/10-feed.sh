#!/bin/sh
# Run once by the image of Postgres, when its volume is empty. The application's role owns its database and nothing else.
set -e
psql -v ON_ERROR_STOP=1 --username postgres <<'SQL'
\getenv password FEED_PASSWORD
CREATE ROLE feed LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE feed OWNER feed;
SQL
