"""The register of personal data against the schema: every table, and every column that could hold something of a person."""

from feed.accounts.personal_data.register import NOT_PERSONAL, PERSONAL_TABLES
from feed.postgres import Connection

# Times, switches and small numbers say nothing of who somebody is.
_HARMLESS = {"timestamp with time zone", "date", "boolean", "smallint", "integer", "double precision", "USER-DEFINED"}


async def _columns(conn: Connection) -> dict[str, set[str]]:
    """The columns of each table that could hold data of people by their type; partitions are their parent."""
    rows = await conn.fetch(
        """
        SELECT columns.table_name, columns.column_name, columns.data_type
        FROM information_schema.columns AS columns
        JOIN pg_class ON pg_class.relname = columns.table_name AND pg_class.relnamespace = 'public'::regnamespace
        WHERE columns.table_schema = 'public' AND pg_class.relkind IN ('r', 'p') AND NOT pg_class.relispartition
        """
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        names = found.setdefault(row["table_name"], set())
        if row["data_type"] not in _HARMLESS:
            names.add(row["column_name"])
    return found


async def test_every_table_and_column_is_in_the_register_of_personal_data(conn: Connection) -> None:
    schema = await _columns(conn)
    listed = {table.name: table.columns | set(table.neutral.split()) for table in PERSONAL_TABLES}
    assert len(listed) == len(PERSONAL_TABLES)
    assert not listed.keys() & NOT_PERSONAL
    assert schema.keys() == listed.keys() | NOT_PERSONAL
    assert {name: schema[name] - columns for name, columns in listed.items() if schema[name] - columns} == {}
    assert {name: columns - schema[name] for name, columns in listed.items() if columns - schema[name]} == {}


def test_what_stays_of_a_person_has_a_reason() -> None:
    for table in PERSONAL_TABLES:
        # An id on a row that is emptied or removed needs no reason: the row says nothing of a person.
        stays = table.hashes or table.kept or (table.ids and not (table.emptied or table.removed))
        assert table.because or not stays, table.name
        assert table.of or table.not_exported or table.name in ("claims", "shipments"), table.name
        assert set(table.of.split()) <= table.columns, table.name
        assert not set(table.neutral.split()) & table.columns, table.name
