-- Runs once, when the volume is new. The owner migrates the schema and makes the other roles; the superuser is for
-- the administrator alone.
\getenv password POSTGRES_OWNER_PASSWORD
CREATE ROLE owner LOGIN CREATEROLE PASSWORD :'password';
ALTER DATABASE commands OWNER TO owner;
