import asyncio
from datetime import UTC, datetime
from pathlib import Path

from feed.sms.file_provider import FileProvider, read_outbox
from feed.sms.model import Purpose, Reference
from feed.sms.provider import Found, NotAccepted

PHONE = "+8613800138000"
CODE = {"code": "012345", "minutes": "5"}


async def test_a_torn_line_swallows_nothing_and_counts_as_never_sent(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.jsonl"
    outbox.write_bytes(b'{"id":"1","at":"2026-09-20T')
    provider = FileProvider(outbox)

    await provider.send(Reference("2"), PHONE, Purpose.SIGN_IN_CODE, CODE)

    assert [line.id for line in read_outbox(outbox)] == ["2"]
    assert await provider.find(Reference("1"), PHONE, datetime.now(UTC)) == NotAccepted()
    assert await provider.find(Reference("2"), PHONE, datetime.now(UTC)) == Found("file-2")


async def test_many_at_once_leave_whole_lines(tmp_path: Path) -> None:
    provider = FileProvider(tmp_path / "new" / "outbox.jsonl")

    await asyncio.gather(*(provider.send(Reference(str(n)), PHONE, Purpose.SIGN_IN_CODE, CODE) for n in range(50)))

    lines = list(read_outbox(tmp_path / "new" / "outbox.jsonl"))
    assert sorted(int(line.id) for line in lines) == list(range(50))


async def test_only_the_owner_reads_the_outbox(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.jsonl"

    await FileProvider(outbox).send(Reference("1"), PHONE, Purpose.SIGN_IN_CODE, CODE)

    assert outbox.stat().st_mode & 0o077 == 0


def test_there_is_nothing_before_the_first_message(tmp_path: Path) -> None:
    assert list(read_outbox(tmp_path / "outbox.jsonl")) == []
