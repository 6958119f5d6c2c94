"""Publishing checkpoints: the copy in a file, and the receiver's address."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from feed.audit.checkpoint import is_authentic, read_checkpoint
from feed.audit.sealing import seal_audit
from feed.keys.signatures import canonical
from feed.keys.store import Keys
from feed.postgres import Pool, transaction
from feed.worker.checkpoints import CheckpointClient, Outlets, publish_checkpoint
from tests.support.audit_log import add_row, newest


async def _seal_one(pool: Pool, keys: Keys) -> None:
    async with transaction(pool) as conn:
        await add_row(conn, 1)
    await seal_audit(pool, keys)


@contextmanager
def _receiving(statuses: list[int]) -> Iterator[tuple[str, list[bytes]]]:
    """The address of a receiver and what it got. Its responses are `statuses`, then 204."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(statuses.pop(0) if statuses else 204)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/checkpoint", received
    finally:
        server.shutdown()
        server.server_close()


async def test_the_file_has_the_newest_checkpoint(pool: Pool, keys: Keys, tmp_path: Path) -> None:
    outlets = Outlets(tmp_path / "checkpoint.json")
    assert outlets.file is not None
    await publish_checkpoint(pool, keys, outlets)
    assert not outlets.file.exists()
    for number in (1, 2, 3):
        await _seal_one(pool, keys)
        await asyncio.gather(*(publish_checkpoint(pool, keys, outlets) for _ in range(3)))
        checkpoint = read_checkpoint(outlets.file.read_bytes())
        assert checkpoint.number == number
        assert is_authentic(checkpoint, keys.public_keys().keys)
    assert list(tmp_path.glob(".checkpoint*")) == []


@pytest.mark.parametrize("content", ["", "{}", "no checkpoint"])
async def test_a_damaged_copy_is_kept_for_who_looks_at_it(pool: Pool, keys: Keys, tmp_path: Path, content: str) -> None:
    outlets = Outlets(tmp_path / "checkpoint.json")
    assert outlets.file is not None
    outlets.file.write_text(content)
    await _seal_one(pool, keys)
    await publish_checkpoint(pool, keys, outlets)
    assert outlets.file.read_text() == content


async def test_a_file_that_cannot_be_written_stops_nothing(pool: Pool, keys: Keys, tmp_path: Path) -> None:
    with _receiving([]) as (url, received):
        outlets = Outlets(tmp_path / "missing" / "checkpoint.json", CheckpointClient(url))
        await _seal_one(pool, keys)
        await _until_attempt(pool, keys, outlets)
        await outlets.close()
    assert [read_checkpoint(body).number for body in received] == [1]


async def _until_attempt(pool: Pool, keys: Keys, outlets: Outlets) -> None:
    """One more attempt, without the pause before it."""
    await publish_checkpoint(pool, keys, outlets)
    await pool.execute("UPDATE audit_publications SET attempted_at = attempted_at - interval '1 minute'")
    await publish_checkpoint(pool, keys, outlets)


async def test_the_receiver_gets_each_new_checkpoint_until_it_accepts_it(pool: Pool, keys: Keys) -> None:
    with _receiving([500, 302]) as (url, received):
        outlets = Outlets(None, CheckpointClient(url))
        await _seal_one(pool, keys)
        for _ in range(6):
            await _until_attempt(pool, keys, outlets)
        assert len(received) == 3
        assert set(received) == {canonical(await newest(pool))}
        await _seal_one(pool, keys)
        await _until_attempt(pool, keys, outlets)
        assert len(received) == 4
        assert json.loads(received[-1])["number"] == 2
        await outlets.close()


async def test_an_attempt_is_made_by_one_worker(pool: Pool, keys: Keys) -> None:
    with _receiving([]) as (url, received):
        outlets = Outlets(None, CheckpointClient(url))
        await _seal_one(pool, keys)
        await publish_checkpoint(pool, keys, outlets)
        await pool.execute("UPDATE audit_publications SET attempted_at = attempted_at - interval '1 minute'")
        await asyncio.gather(*(publish_checkpoint(pool, keys, outlets) for _ in range(5)))
        assert len(received) == 1
        await outlets.close()


async def test_a_receiver_that_is_away_stops_nothing(pool: Pool, keys: Keys, tmp_path: Path) -> None:
    with _receiving([]) as (url, _):
        pass
    outlets = Outlets(tmp_path / "checkpoint.json", CheckpointClient(url))
    await _seal_one(pool, keys)
    await _until_attempt(pool, keys, outlets)
    assert (tmp_path / "checkpoint.json").exists()
    assert await pool.fetchval("SELECT number FROM audit_publications") == 0
    await outlets.close()
