"""The load: wrk, with requests that are written out beforehand and taken in turn."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

_SCRIPT = """
local requests = {}
local file = io.open("%s", "rb")
while true do
  local length = file:read("*n")
  if not length then break end
  file:read(1)
  requests[#requests + 1] = file:read(length)
end
file:close()
local next = 0
function request()
  next = next + 1
  if next > #requests then next = 1 end
  return requests[next]
end
function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\\nJSON{"requests":%%d,"microseconds":%%d,"p50":%%d,"p99":%%d,"failed":%%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


class Run(msgspec.Struct, frozen=True):
    """What one run of wrk saw; latencies in microseconds."""

    requests: int
    microseconds: int
    p50: int
    p99: int
    failed: int

    @property
    def per_second(self) -> float:
        """Answered requests per second."""
        return self.requests / (self.microseconds / 1e6)


class LoadToolMissing(Exception):
    """wrk is not on PATH."""


def http_request(
    method: str, path: str, *, token: str | None = None, body: bytes = b"", key: str | None = None
) -> bytes:
    """One HTTP/1.1 request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if key:
        lines.append(f"Idempotency-Key: {key}")
    if body or method in ("POST", "PUT"):
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def run(base_url: str, requests: Sequence[bytes], *, seconds: float, connections: int, directory: Path) -> Run:
    """Sends the requests in turn over `connections` for `seconds`. Raises LoadToolMissing."""
    tool = shutil.which("wrk")
    if tool is None:
        raise LoadToolMissing("The benchmark needs wrk on PATH (Debian: apt-get install wrk).")
    written = directory / "requests"
    written.write_bytes(b"".join(b"%d\n%b" % (len(request), request) for request in requests))
    script = directory / "load.lua"
    script.write_text(_SCRIPT % written)
    process = await asyncio.create_subprocess_exec(
        tool, "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s", "-s", str(script), base_url,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    answer = out.decode().rpartition("JSON")[2]
    try:
        return msgspec.json.decode(answer, type=Run)
    except msgspec.DecodeError:
        raise RuntimeError(out.decode()) from None
