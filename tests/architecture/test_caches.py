"""What a process keeps between requests: in a bounded cache, or in the table of what cannot grow with requests."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import feed

ROOT = Path(feed.__file__).parent
SOURCES = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(ROOT.rglob("*.py"))}

BOUNDED = "bounded_cache.py"
# Parts that serve no requests.
OTHER_PROCESSES = ("demo/", "embedded/", "seeding/", "commands/")
EMPTY_CALLS = {"dict", "set", "list", "OrderedDict", "defaultdict", "deque", "Counter", "WeakValueDictionary"}
FUNCTION_CACHES = {"lru_cache", "cache", "cached_property"}

# By module and name: why it does not grow with what callers send.
ALLOWED = {
    ("api/connections.py", "_to_end"): "connections that are open",
    ("api/connections.py", "_unread"): "connections that are open",
    ("api/connections.py", "_ports"): "addresses that the process listens at",
    ("api/middleware/unread.py", "_bytes"): "addresses with a response that is being sent",
    ("api/middleware/unread.py", "_open"): "responses that are being sent",
    ("api/middleware/metrics.py", "_counters"): "by method, route template and status",
    ("api/middleware/metrics.py", "_timers"): "by route template",
    ("api/middleware/rate_limit.py", "_warned"): "one warning",
    ("api/openapi/docs.py", "_document"): "the document of the process",
    ("asgi.py", "application"): "the application of the process",
    ("renditions/video/encoding.py", "_durations"): "frames of one file that are being encoded",
    ("renditions/video/picture_filter.py", "_turns"): "by angle of the frames of one file",
    ("audit/checks.py", "findings"): "of one verification",
    ("audit/findings.py", "acknowledged"): "of one verification",
    ("audit/findings.py", "new"): "of one verification",
    ("auth/jwks.py", "_keys"): "the issuer's keys, 64 at most, from 256 KB at most",
    ("api/forms.py", "_values"): "fields of a form that is being read, 16 at most",
    ("api/parameters.py", "_query_fields"): "by handler",
    ("api/screened.py", "screened_texts"): "by type of body",
    ("batching.py", "_pending"): "what waits for its batch, 10,000 items at most",
    ("boards/projector.py", "_touched"): "posts written since the last update of the boards",
    ("decoding/decoder.py", "body_decoder"): "by type of body",
    ("decoding/problems.py", "_type_of"): "by type of body",
    ("access_log/writer.py", "_queue"): "a deque with a bound",
    ("names/look_alikes.py", "_confusables"): "a file of a library",
    ("geoip/table.py", "_named"): "a file of the operator",
    ("keys/store.py", "_unwrapped"): "one key",
    ("readiness.py", "_expected"): "the migrations of this version",
    ("live/hub.py", "_by_owner"): "accounts and addresses with an open stream",
    ("live/hub.py", "_groups"): "topics of open streams",
    ("live/hub.py", "_streams"): "open streams, 6,000 at most",
    ("live/stream.py", "groups"): "groups of open streams",
    ("live/stream.py", "streams"): "open streams, 6,000 at most",
    ("media/temporary_files.py", "_open"): "accounts with an upload that arrives, 64 at most",
    ("media/sweep.py", "_awaited"): "media of which the listing of a sweep has shown a part",
    ("media/sweep.py", "_unknown"): "names of one sweep, 10,000 at most",
    ("renditions/fork_server.py", "_by_connection"): "children that run",
    ("renditions/fork_server.py", "_by_handle"): "children that run",
    ("renditions/images/jpeg.py", "profile"): "parts of one profile, 256 of them",
    ("screening/forms.py", "_plain"): "single characters, 5,000 of them",
    ("screening/forms.py", "_spelling"): "single characters, 20,000 of them",
    ("screening/forms.py", "_simplifier"): "one converter",
    ("screening/forms.py", "_traditional"): "one pattern",
    ("screening/pinyin_list.py", "_sound"): "single characters, 20,000 of them",
    ("screening/pinyin_list.py", "_sounds"): "the syllables of Mandarin",
    ("screening/trial.py", "harmless_texts"): "one file",
    ("screens/cache.py", "_reads"): "reads that are running",
    ("postgres.py", "transaction_statements"): "by timeout and version of the server",
    ("screens/posts/invalidation.py", "_pending"): "posts written since the last message",
    ("screens/posts/invalidation.py", "_tasks"): "two tasks",
    ("api/middleware/timeouts.py", "open"): "requests that are running",
    ("campaigns/scoring/score.py", "_weighted"): "numbers only, 65,536 of them",
    ("screens/posts/cards.py", "_suffix"): "by rights",
}


def found() -> Iterator[tuple[str, str]]:
    """Module and name of each container that outlives a call and begins empty, and of each function with a cache."""
    for module, source in SOURCES.items():
        if module == BOUNDED or module.startswith(OTHER_PROCESSES):
            continue
        tree = ast.parse(source)
        for statement in tree.body:
            yield from ((module, name) for name in _empty_names(statement))
        for node in ast.walk(tree):
            yield from ((module, name) for name in _empty_names(node, attributes=True))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if any(_called(each) in FUNCTION_CACHES for each in node.decorator_list):
                    yield module, node.name
            # `cache(function)` and `lru_cache(10)(function)`.
            elif (
                isinstance(node, ast.Call)
                and node.args
                and isinstance(node.args[0], ast.Name | ast.Attribute)
                and _called(node.func if isinstance(node.func, ast.Call) else node) in FUNCTION_CACHES
            ):
                yield module, ast.unparse(node.args[0])


def _empty_names(node: ast.AST, *, attributes: bool = False) -> list[str]:
    if isinstance(node, ast.Assign):
        targets, value = node.targets, node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets, value = [node.target], node.value
    else:
        return []
    pairs: list[tuple[ast.expr, ast.expr]] = []
    for target in targets:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs += zip(target.elts, value.elts, strict=True)
        else:
            pairs.append((target, value))
    wanted = ast.Attribute if attributes else ast.Name
    return [
        target.attr if isinstance(target, ast.Attribute) else ast.unparse(target)
        for target, value in pairs
        if isinstance(target, wanted) and _is_empty(value)
    ]


def _is_empty(value: ast.expr) -> bool:
    if isinstance(value, ast.Dict | ast.List | ast.Set):
        return not (value.keys if isinstance(value, ast.Dict) else value.elts)
    return isinstance(value, ast.Call) and not value.args and _called(value) in EMPTY_CALLS


def _called(node: ast.expr) -> str:
    """The name that a decorator or a call ends with: `functools.lru_cache(10)` is `lru_cache`."""
    inner = node.func if isinstance(node, ast.Call) else node
    inner = inner.value if isinstance(inner, ast.Subscript) else inner
    return inner.attr if isinstance(inner, ast.Attribute) else inner.id if isinstance(inner, ast.Name) else ""


def test_what_is_kept_between_requests_is_bounded_or_in_the_table() -> None:
    assert set(found()) == set(ALLOWED)


def test_each_kind_of_cache_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        SOURCES,
        "planted.py",
        """
from functools import cache, lru_cache
import functools
A = {}
B: dict[str, int] = dict()
C = OrderedDict[str, int]()
D = [1]
class Kept:
    def __init__(self):
        self.e, self.f = {}, 1
        self.g: set[int] = set()
        h = {}
@lru_cache(10)
def i(): ...
@functools.cache
def j(): ...
k = lru_cache(5)(m)
l = functools.cache(n)
""",
    )
    assert {name for module, name in found() if module == "planted.py"} == {*"ABCegijmn"}
