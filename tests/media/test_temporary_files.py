"""Temporary files of uploads: row 46, none is left, also not by a killed process."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from feed.batching import Overloaded
from feed.limits.model import RateLimited
from feed.media.temporary_files import TemporaryFiles


async def test_a_file_has_what_was_written_and_is_gone_afterwards(tmp_path: Path) -> None:
    files = TemporaryFiles(tmp_path / "uploads")
    content = os.urandom(700_001)
    async with files.open(1) as file:
        for at in range(0, len(content), 65_536):
            await file.write(content[at : at + 65_536])
        await file.flush()
        assert file.path.read_bytes() == content
        assert (file.byte_count, file.sha256) == (len(content), hashlib.sha256(content).digest())
        assert file.head == content[:4096]
        assert file.path.stat().st_mode & 0o077 == 0
    assert list(files.folder.iterdir()) == []


async def test_a_file_is_gone_after_an_error_and_a_cancellation(tmp_path: Path) -> None:
    files = TemporaryFiles(tmp_path / "uploads")

    async def fail() -> None:
        async with files.open(1) as file:
            await file.write(b"x" * 300_000)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        await fail()

    async def hang() -> None:
        async with files.open(1) as file:
            await file.write(b"x" * 300_000)
            await asyncio.sleep(60)

    task = asyncio.create_task(hang())
    while not files.folder.exists() or not list(files.folder.iterdir()):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(files.folder.iterdir()) == []


async def test_so_many_files_at_once_and_no_more(tmp_path: Path) -> None:
    files = TemporaryFiles(tmp_path / "uploads", most=1)
    async with files.open(1):
        with pytest.raises(Overloaded) as error:
            async with files.open(2):
                pass
    assert error.value.params["retry_after"] > 0
    async with files.open(1) as file:
        assert file.byte_count == 0


async def test_one_account_does_not_take_the_files_of_others(tmp_path: Path) -> None:
    files = TemporaryFiles(tmp_path / "uploads", most=3, most_of_owner=2)
    async with files.open(1):
        async with files.open(1):
            with pytest.raises(RateLimited) as error:
                async with files.open(1):
                    pass
            assert error.value.params["retry_after"] > 0
            async with files.open(2) as file:
                assert file.byte_count == 0
        # What has ended makes room.
        async with files.open(1) as file:
            assert file.byte_count == 0


_HOLDING = """
import asyncio, sys
from pathlib import Path
from feed.media.temporary_files import TemporaryFiles

async def hold():
    async with TemporaryFiles(Path(sys.argv[1])).open(1) as file:
        await file.write(b"x" * 300_000)
        print("open", flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


def test_a_sweep_removes_what_a_killed_process_has_left_and_nothing_of_a_running_one(tmp_path: Path) -> None:
    files = TemporaryFiles(tmp_path / "uploads")
    assert files.sweep() == 0
    with subprocess.Popen([sys.executable, "-c", _HOLDING, str(files.folder)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        (left,) = files.folder.iterdir()
        # A file without its lock yet is younger.
        os.utime(left, (0, 0))
        assert files.sweep() == 0
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert files.sweep() == 1
    assert list(files.folder.iterdir()) == []


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(PermissionError):
        TemporaryFiles(folder).sweep()
    (tmp_path / "own").mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "own")
    with pytest.raises(PermissionError):
        TemporaryFiles(link).sweep()
