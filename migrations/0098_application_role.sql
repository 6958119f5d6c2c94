-- The application connects as a role that is not the owner: it can insert rows of the audit log, and neither change nor remove them.

-- Only the application and the owner: each call creates tables with the owner's rights.
REVOKE EXECUTE ON FUNCTION add_audit_months (integer) FROM PUBLIC;

-- Creates the application's role, or sets its password again. The caller needs the right to create roles.
CREATE FUNCTION create_application_role(application text, password text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('feed.application_role', 0));
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = application) THEN
        EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', application, password);
    ELSE
        EXECUTE format(
            'CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD %L', application, password
        );
    END IF;
END
$$;

-- Gives the application's role what it needs of the schema as it is now, and takes away the rest. Called by the owner after each
-- migration; later tables are covered by the next call.
CREATE FUNCTION allow_application(application text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    appended regclass;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('feed.application_role', 0));
    EXECUTE format('GRANT USAGE ON SCHEMA public, jobs TO %I', application);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, jobs TO %I', application);
    EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public, jobs TO %I', application);
    EXECUTE format('GRANT EXECUTE ON FUNCTION add_audit_months (integer) TO %I', application);
    FOREACH appended IN ARRAY ARRAY['audit', 'audit_sequence', 'audit_seals']::regclass[] LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %I', appended, application);
        EXECUTE format('GRANT SELECT, INSERT ON %s TO %I', appended, application);
    END LOOP;
    -- Partitions are used through the table that they are parts of.
    FOR appended IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit'::regclass LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %I', appended, application);
    END LOOP;
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM %I', application);
END
$$;

-- What the present role could change of the audit log, by name of the table: nothing, if it is the application's role.
CREATE VIEW changeable_audit AS
SELECT oid::regclass::text AS name
FROM pg_class
WHERE (
        oid IN ('audit'::regclass, 'audit_sequence'::regclass, 'audit_seals'::regclass)
        OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'audit'::regclass)
    )
    AND (
        pg_has_role(current_user, relowner, 'MEMBER')
        OR has_table_privilege(current_user, oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')
    );

-- Drops a whole month, as the owner only. The numbers and hashes of its rows stay.
CREATE FUNCTION drop_audit_month(month text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format('DROP TABLE %I', 'audit_' || month);
END
$$;
