"""A receiver of the push hook: a real HTTP server on loopback that answers as it is told."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

SECRET = "a secret of thirty-two bytes, really"


class ReceivedPush(NamedTuple):
    """A push as it came."""

    id: str
    signed: bool
    body: dict[str, Any]


class Answer(NamedTuple):
    status: int = 204
    headers: tuple[tuple[str, str], ...] = ()
    after_seconds: float = 0.0


class Receiver:
    """The received pushes, and the responses: those of `script` first, then `always`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[ReceivedPush] = []
        self.script: list[Answer] = []
        self.always = Answer()
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.received]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver: Receiver

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            push_id, stamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
            mac = hmac.digest(SECRET.encode(), f"{push_id}.{stamp}.".encode() + body, "sha256")
            right = self.headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
            fresh = abs(time.time() - int(stamp)) < 60
            with receiver.lock:
                receiver.at_once += 1
                receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
                receiver.received.append(ReceivedPush(push_id, right and fresh, json.loads(body)))
                response = receiver.script.pop(0) if receiver.script else receiver.always
            time.sleep(response.after_seconds)
            with receiver.lock:
                receiver.at_once -= 1
            self.send_response(response.status)
            for name, value in response.headers:
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
