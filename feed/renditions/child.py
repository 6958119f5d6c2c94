"""What a child does with its one file: it confines itself, renders, and writes progress and outcome to a pipe."""

import errno
import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import msgspec

from feed.renditions import sandbox
from feed.renditions.model import FailureCode, Rendered, RenderingFailed
from feed.renditions.sandbox import Limits

_DETAIL_CHARACTERS = 2000
# A file that is longer than it may be has another error.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class Job(msgspec.Struct, frozen=True):
    """One file to render: `kind` is image or video; the renditions are written to the folder `target`."""

    source: str
    target: str
    kind: str
    cover_ms: int | None
    limits: Limits


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last line that a child writes: one of these."""

    rendered: Rendered | None = None
    failed: FailureCode | None = None
    # The disk was full: of the machine, and not of the file.
    no_room: bool = False
    # Of a failure, or the traceback of a defect in this code.
    detail: str = ""


Entry = Callable[[Job, Callable[[int], None]], Rendered]


def run(entry: Entry, job: Job, pipe: int, *, parent: int) -> None:
    """Runs a job in this process, which has been forked for it, and ends it."""
    with _Ending(pipe):
        _let_go(keep=pipe)
        target = Path(job.target)
        # Libraries that want a temporary file get one where everything is removed afterwards.
        os.environ["TMPDIR"] = job.target
        sandbox.enter(job.limits, source=Path(job.source), target=target, parent=parent)
        try:
            outcome = Outcome(rendered=entry(job, _Progress(pipe)))
        except RenderingFailed as failure:
            outcome = Outcome(failed=failure.code, detail=failure.detail[:_DETAIL_CHARACTERS])
        _write(pipe, outcome)


class _Ending:
    """Ends the process in every case, without what the server would do at its own end. An error becomes the outcome."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            # A limit of memory may have been reached: the text is short, and its reader knows what has happened without it.
            text = "".join(traceback.format_exception(kind, error, trace))
            no_room = getattr(error, "errno", None) in _NO_ROOM
            _write(self._pipe, Outcome(no_room=no_room, detail=text[-_DETAIL_CHARACTERS:]))
        os._exit(0 if error is None else 1)


class _Progress:
    """Writes percents, each once and never a smaller one."""

    def __init__(self, pipe: int) -> None:
        self._pipe, self._written = pipe, 0

    def __call__(self, percent: int) -> None:
        if self._written < percent <= 100:
            self._written = percent
            os.write(self._pipe, b"%d\n" % percent)


def _let_go(*, keep: int) -> None:
    """Keeps nothing of the server but the pipe: no signal handlers, no connections, no output."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, keep)
    os.closerange(keep + 1, os.sysconf("SC_OPEN_MAX"))


def _write(pipe: int, outcome: Outcome) -> None:
    line = memoryview(msgspec.json.encode(outcome) + b"\n")
    while line:
        line = line[os.write(pipe, line) :]
