"""The endpoint of admins that runs the checks of the doctor."""

import asyncio
import time
from datetime import UTC, datetime

import msgspec
from litestar import Response, Router, get

from feed.api.dependencies import InjectedAppState, InjectedViewer, requires_role
from feed.api.responses import PRIVATE
from feed.api.state import AppState
from feed.doctor.checks import run_checks
from feed.doctor.model import Finding

_CHECKED_SECONDS = 10.0
_CHECKS_TIMEOUT = 25.0


class Checks(msgspec.Struct, frozen=True):
    """The findings of the doctor."""

    checked_at: datetime
    findings: list[Finding]


class _LastChecks:
    """The last findings of each application, for some seconds: concurrent requests wait for one run."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._of: AppState | None = None
        self._at = 0.0
        self._last: Checks | None = None

    async def get(self, app_state: AppState) -> Checks:
        async with self._lock:
            if self._last is None or self._of is not app_state or time.monotonic() - self._at > _CHECKED_SECONDS:
                self._last = await _check(app_state)
                self._of, self._at = app_state, time.monotonic()
            return self._last


async def _check(app_state: AppState) -> Checks:
    findings: list[Finding] = []
    try:
        async with asyncio.timeout(_CHECKS_TIMEOUT):
            async for finding in run_checks(app_state.settings):
                findings.append(finding)  # noqa: PERF401  # Those before a timeout are kept.
    except TimeoutError:
        findings.append(
            Finding("checks", "没有在限时内完成 · the checks after this one did not end in time", wrong=True)
        )
    return Checks(datetime.now(UTC), findings)


_last_checks = _LastChecks()


@get("/checks")
async def list_checks(app_state: InjectedAppState, viewer: InjectedViewer) -> Response[Checks]:
    """Run the checks of `feed doctor` from this process, at most once in ten seconds."""
    return Response(await _last_checks.get(app_state), headers={"cache-control": PRIVATE})


checks = Router("/", route_handlers=[list_checks], guards=[requires_role("admin")])
