-- Views from before the partitions refer to the table that has become the first month: they are to read all months.
DO $$
DECLARE
    view record;
BEGIN
    FOR view IN
        SELECT DISTINCT pg_class.oid::regclass::text AS name, pg_get_viewdef(pg_class.oid) AS definition
        FROM pg_inherits
        JOIN pg_depend ON pg_depend.refclassid = 'pg_class'::regclass AND pg_depend.refobjid = pg_inherits.inhrelid
            AND pg_depend.classid = 'pg_rewrite'::regclass
        JOIN pg_rewrite ON pg_rewrite.oid = pg_depend.objid
        JOIN pg_class ON pg_class.oid = pg_rewrite.ev_class AND pg_class.relkind = 'v'
        WHERE pg_inherits.inhparent = 'audit'::regclass
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE VIEW %s AS %s', view.name, regexp_replace(view.definition, '\maudit_\d{4}_\d{2}\M', 'audit', 'g')
        );
    END LOOP;
END
$$;
