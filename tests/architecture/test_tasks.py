"""How tasks end."""

import ast
from pathlib import Path

import feed

ROOT = Path(feed.__file__).parent

# What cancels by itself, beside `stop_tasks`, which cancels again and waits for a time: one cancellation may get lost.
CANCELS = {
    "api/loop_watch.py": "a timer",
    "api/middleware/timeouts.py": "the task of a request, again after a while",
    "api/middleware/unread.py": "the task of a response, whose connection is closed as well",
    "app.py": "a task that waits for an event, and the opening of the state, which uses no Redis",
    "live/hub.py": "the handlers of streams, which the server waits for",
    "tasks.py": "all others",
    "worker/queue.py": "a task that waits for an event",
}


def test_tasks_end_in_one_place() -> None:
    found = set()
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "cancel" and isinstance(node.ctx, ast.Load):
                found.add(str(path.relative_to(ROOT)))
    assert found == CANCELS.keys()
