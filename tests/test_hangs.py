"""A test that hangs says where: the report names every task and the line at which it waits."""

import subprocess
import sys
from pathlib import Path

from tests.support.hangs import TITLE

_HANGING = """
import asyncio
import pytest


async def wait_for_what_never_comes():
    await asyncio.Event().wait()


@pytest.fixture
async def background():
    task = asyncio.create_task(wait_for_what_never_comes(), name="never ends")
    yield task
    await asyncio.wait([task])  # The fixture forgets to cancel it.


async def test_whose_fixture_hangs(background):
    pass


async def test_that_hangs_itself():
    async with asyncio.timeout(None):
        await wait_for_what_never_comes()
"""


# As in ours, one loop for all tests.
_SETTINGS = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = session
asyncio_default_test_loop_scope = session
timeout = 1
"""


def test_the_report_of_a_timeout_names_what_each_task_waits_for(tmp_path: Path) -> None:
    (tmp_path / "test_hanging.py").write_text(_HANGING)
    (tmp_path / "pytest.ini").write_text(_SETTINGS)
    options = [
        "-p",
        "tests.support.hangs",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-c",
        "pytest.ini",
        "--rootdir",
        ".",
    ]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_hanging.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    assert "1 failed, 1 passed, 1 error" in ran.stdout, ran.stdout
    fixture, itself = ran.stdout.split(TITLE)[1:]
    for report in (fixture, itself):
        assert "in wait_for_what_never_comes\n" in report, ran.stdout
    assert "<Task pending name='never ends'" in fixture
    assert "in background\n" in fixture
    assert "in test_that_hangs_itself\n" in itself
