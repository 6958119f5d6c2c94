"""The load generator: wrk with a script, each request by another user, each like by another pair of user and post."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

# The same function generates every request, also of the bases, so that the cost of the generator is the same.
_SCRIPT = """
local file = io.open("%s", "rb")
local function part()
  local length = file:read("*n")
  file:read(1)
  return length == 0 and "" or file:read(length)
end
local function list()
  local found = {}
  for at = 1, file:read("*n") do file:read(1) found[at] = part() end
  return found
end
local before, middle, after = part(), part(), part()
local posts, tokens = list(), list()
local spread, nth, pause = file:read("*n"), file:read("*n"), file:read("*n")
file:close()
if pause > 0 then
  -- Between an answer and the next request of its connection: memoryless, rounded up or down by chance.
  function delay() return math.floor(-pause * math.log(1 - math.random()) + math.random()) end
end
function request()
  local person, turn = nth %% #tokens, math.floor(nth / #tokens)
  local post = posts[(person * spread + turn) %% #posts + 1]
  nth = nth + 1
  return before .. post .. middle .. tokens[person + 1] .. after
end
function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\\nJSON{"requests":%%d,"microseconds":%%d,"p50":%%d,"p99":%%d,"failed":%%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """An endless sequence of requests: the n-th is by user n modulo the tokens, to the next post of that user.

    With `spread` 1 consecutive requests go to different posts; with 0 all users request one post, then the next one.
    Either way no pair of user and post repeats until all pairs were used.
    """

    before: bytes
    middle: bytes
    after: bytes
    posts: tuple[bytes, ...] = (b"",)
    tokens: tuple[bytes, ...] = (b"",)
    spread: int = 1


def load_of(
    method: str,
    path: str,
    *,
    posts: Sequence[int] = (),
    tokens: Sequence[str] = (),
    body: bytes = b"",
    spread: int = 1,
    cookies: Sequence[str] = (),
) -> Load:
    """The load on one route. `{post}` in the path is replaced by a post id. Users are known by their tokens or their cookies."""
    before, _, rest = path.partition("{post}")
    lines = [f"{rest} HTTP/1.1", "Host: 127.0.0.1"]
    if body or method in ("POST", "PUT"):
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    if tokens:
        lines.append("Authorization: Bearer ")
    if cookies:
        lines.append("Cookie: feed_session=")
    return Load(
        before=f"{method} {before}".encode(),
        middle="\r\n".join(lines).encode(),
        after=b"\r\n\r\n" + body,
        posts=tuple(str(post).encode() for post in posts) or (b"",),
        tokens=tuple(each.encode() for each in tokens or cookies) or (b"",),
        spread=spread,
    )


class Run(msgspec.Struct, frozen=True):
    """The result of one run of wrk. Latencies are in microseconds."""

    requests: int
    microseconds: int
    p50: int
    p99: int
    failed: int

    @property
    def per_second(self) -> float:
        """Completed requests per second."""
        return self.requests / (self.microseconds / 1e6)


class LoadToolMissing(Exception):
    """wrk is not on PATH."""


def find_tool() -> str:
    """The path of wrk. Raises LoadToolMissing."""
    tool = shutil.which("wrk")
    if tool is None:
        raise LoadToolMissing("The benchmark needs wrk on PATH (Debian: apt-get install wrk).")
    return tool


async def run(
    base_url: str,
    load: Load,
    *,
    seconds: int,
    connections: int,
    directory: Path,
    start: int = 0,
    pause_ms: float = 0.0,
) -> Run:
    """Sends requests from number `start` on. Each connection waits for the response, then pauses `pause_ms` on average.

    Raises LoadToolMissing, and RuntimeError for unreadable output of wrk.
    """
    tool = find_tool()
    written = directory / "requests"
    written.write_bytes(_written(load, start, pause_ms))
    script = directory / "load.lua"
    script.write_text(_SCRIPT % written)
    process = await asyncio.create_subprocess_exec(
        tool, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), base_url,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    answer = out.decode().rpartition("JSON")[2]
    try:
        return msgspec.json.decode(answer, type=Run)
    except msgspec.DecodeError:
        raise RuntimeError(out.decode()) from None


def _written(load: Load, start: int, pause_ms: float) -> bytes:
    def part(content: bytes) -> bytes:
        return b"%d\n%b" % (len(content), content)

    def listed(parts: Sequence[bytes]) -> bytes:
        return b"%d" % len(parts) + b"".join(b"\n" + part(each) for each in parts)

    texts = [part(load.before), part(load.middle), part(load.after), listed(load.posts), b"\n" + listed(load.tokens)]
    return b"".join(texts) + b"\n%d\n%d\n%f\n" % (load.spread, start, pause_ms)
