"""What each task of the event loop waits for, in the report of a test or fixture that has run into its timeout."""

import asyncio
import gc
import traceback
from collections.abc import Generator, Iterator
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any

import pytest

TITLE = "tasks of the event loop"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # As pytest-timeout words it.
    if (
        call.excinfo is not None
        and call.excinfo.errisinstance(pytest.fail.Exception)
        and "Timeout" in str(call.excinfo.value)
    ):
        report.sections.append((TITLE, describe_tasks()))
    return report


def describe_tasks() -> str:
    """Each task that has not ended, with the lines at which it waits, the outermost first."""
    # The loop is not running any more, and which one it was pytest-asyncio alone knows.
    tasks = [each for each in gc.get_objects() if isinstance(each, asyncio.Task) and not each.done()]
    return "\n".join(_describe(task) for task in sorted(tasks, key=lambda task: task.get_name()))


def _describe(task: "asyncio.Task[Any]") -> str:
    frames = traceback.StackSummary.extract((frame, frame.f_lineno) for frame in _frames(task.get_coro()))
    return f"{task!r}\n" + "".join(frames.format())


def _frames(awaited: object) -> Iterator[FrameType]:
    """The frames of a coroutine and of what it awaits; `Task.get_stack` has the first one only."""
    while awaited is not None:
        frame: FrameType | None = None
        following: object = None
        match awaited:
            case CoroutineType():
                frame, following = awaited.cr_frame, awaited.cr_await
            case GeneratorType():
                frame, following = awaited.gi_frame, awaited.gi_yieldfrom
            case AsyncGeneratorType():
                frame, following = awaited.ag_frame, awaited.ag_await
            case _:
                # `await generator.__anext__()` waits for an object without attributes that has the generator.
                following = next(
                    (each for each in gc.get_referents(awaited) if isinstance(each, AsyncGeneratorType)), None
                )
        if frame is not None:
            yield frame
        awaited = following
