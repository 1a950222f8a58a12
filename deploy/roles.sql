-- The roles of an installation whose processes run apart, and what is around the tables. Run once in the new database, as the server's administrator:
--     psql --dbname presswarden --set ON_ERROR_STOP=1 --file deploy/roles.sql
-- Running it again changes nothing. Then: give each role its password (\password presswarden_web ...), `presswarden migrate` as presswarden_owner, and grants.sql.
-- Limits: a role is the server's: two installations on one server share these names, and so need servers of their own.

BEGIN;

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['owner', 'web', 'analyst', 'dispatcher', 'janitor', 'courier'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'presswarden_' || role) THEN
            EXECUTE format('CREATE ROLE %I', 'presswarden_' || role);
        END IF;
        -- None of these is a superuser, sees past row-level security, makes roles, or belongs to another.
        EXECUTE format('ALTER ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION', 'presswarden_' || role);
    END LOOP;

    -- Only for `presswarden backup`, and no process has its password: pg_dump copies every organisation's rows, so it sees past row-level security, and
    -- it writes nothing.
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'presswarden_backup') THEN
        CREATE ROLE presswarden_backup;
    END IF;
    ALTER ROLE presswarden_backup LOGIN NOSUPERUSER BYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION;
    ALTER ROLE presswarden_backup SET default_transaction_read_only = on;

    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO presswarden_owner, presswarden_web, presswarden_analyst, presswarden_dispatcher, '
                   'presswarden_janitor, presswarden_courier, presswarden_backup', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO presswarden_owner', current_database());
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CREATE, USAGE ON SCHEMA public TO presswarden_owner;
GRANT USAGE ON SCHEMA public
    TO presswarden_web, presswarden_analyst, presswarden_dispatcher, presswarden_janitor, presswarden_courier, presswarden_backup;

-- The durable engine's own books (docs/decisions/0006): the dispatcher makes and owns the tables in it; the janitor gives what a dead dispatcher had under way
-- to a living one and drops what is old. They hold ids of work and answers of steps; our tables are the record.
CREATE SCHEMA IF NOT EXISTS dbos AUTHORIZATION presswarden_dispatcher;
ALTER SCHEMA dbos OWNER TO presswarden_dispatcher;
GRANT USAGE ON SCHEMA dbos TO presswarden_janitor;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dbos TO presswarden_janitor;
ALTER DEFAULT PRIVILEGES FOR ROLE presswarden_dispatcher IN SCHEMA dbos GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO presswarden_janitor;

COMMIT;
