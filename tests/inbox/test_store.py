from feed.accounts import store as accounts
from feed.inbox import store as inbox
from feed.inbox.model import NewNotification
from feed.postgres import Connection


async def test_the_same_event_tells_a_person_once(conn: Connection) -> None:
    readers = [await accounts.find_or_add(conn, iss="feed", sub=f"inbox:{n}", name="读者") for n in range(2)]
    notifications = [
        NewNotification(
            reader,
            "prize",
            "prize.codes",
            {"campaign": "读书月"},
            "prize:1",
            "feed://prizes/1",
            {"kind": "prize", "id": "1"},
        )
        for reader in readers
    ]

    first = await inbox.add_notifications(conn, notifications)
    again = await inbox.add_notifications(conn, notifications[::-1])

    assert len(first) == 2
    assert again == []
    row = await conn.fetchrow("SELECT subject, read_at, deep_link FROM inbox WHERE account_id = $1", readers[0])
    assert row is not None
    assert dict(row) == {"subject": {"kind": "prize", "id": "1"}, "read_at": None, "deep_link": "feed://prizes/1"}


async def test_telling_nobody_is_fine(conn: Connection) -> None:
    assert await inbox.add_notifications(conn, []) == []
