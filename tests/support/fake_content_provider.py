"""Aliyun's check of texts on loopback: real HTTP, the signature checked by code of its own."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from tests.support.fake_sms_provider import KEY_ID, KEY_SECRET, signed_by_acs3


class FakeContent:
    """What was asked; which words are risks, by the provider's label; and what the next answers are instead."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, str]] = []
        self.unsigned: list[str] = []
        self.risks: dict[str, str] = {}
        self.script: list[tuple[int, dict[str, Any]]] = []

    @property
    def settings(self) -> dict[str, str]:
        """What a process needs to ask it."""
        return {
            "FEED_SCREENING_PROVIDER": "aliyun",
            "FEED_SCREENING_ENDPOINT": self.url,
            "FEED_SCREENING_KEY_ID": KEY_ID,
            "FEED_SCREENING_KEY_SECRET": KEY_SECRET,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeContent

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if (problem := signed_by_acs3(self, body)) is not None:
            self.fake.unsigned.append(problem)
            self._answer(400, {"Code": "SignatureDoesNotMatch", "RequestId": "R"})
            return
        form = dict(parse_qsl(body.decode()))
        asked = json.loads(form["ServiceParameters"])
        self.fake.asked.append((asked["dataId"], asked["content"]))
        if self.fake.script:
            self._answer(*self.fake.script.pop(0))
            return
        results = [
            {"Label": label, "Confidence": 99.1, "RiskWords": word}
            for word, label in self.fake.risks.items()
            if word in asked["content"]
        ]
        data = {"RiskLevel": "high" if results else "none", "Result": results or [{"Label": "nonLabel"}]}
        self._answer(200, {"Code": 200, "Message": "OK", "RequestId": f"R-{len(self.fake.asked)}", "Data": data})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def faking_content() -> Iterator[FakeContent]:
    """The provider while the block runs."""

    class Handler(_Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.fake = FakeContent(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Handler.fake
    finally:
        server.shutdown()
        server.server_close()
