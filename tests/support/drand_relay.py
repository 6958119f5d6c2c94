"""A drand relay: an HTTP server on loopback for a test chain, whose secret key is known."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from feed.prizes.draw.drand import Chain, value_of

_SECRET = Scalar(20260920)
TEST_CHAIN = Chain(
    sha256="7e57" * 16,
    public_key=(G2Point() * _SECRET).to_compressed_bytes(),
    genesis_at=datetime(2026, 1, 1, tzinfo=UTC),
    period=timedelta(seconds=3),
)


def signature_of(round_: int) -> bytes:
    """The signature of the test chain for a round."""
    message = hashlib.sha256(round_.to_bytes(8, "big")).digest()
    point = G1Point.hash_to_curve(message, b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_")
    return (point * _SECRET).to_compressed_bytes()


class Relay:
    """The requested rounds, and the fault of the responses; without one they are correct."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requested: list[int] = []
        self.fault = ""


@contextmanager
def relaying() -> Iterator[Relay]:
    relay: Relay

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            chain, public, number = self.path.strip("/").split("/")
            assert (chain, public) == (TEST_CHAIN.sha256, "public")
            relay.requested.append(int(number))
            status, body = _answer(int(number), relay.fault)
            if relay.fault == "silent":
                time.sleep(7)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.send_header("location", relay.url)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    relay = Relay(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(round_: int, fault: str) -> tuple[int, bytes]:
    signature = signature_of(round_ + 1 if fault == "another round's signature" else round_)
    answer = {
        "round": round_ + (fault == "another round"),
        "randomness": value_of(signature),
        "signature": signature.hex(),
    }
    match fault:
        case "wrong signature":
            answer["signature"] = (-G1Point.from_compressed_bytes(signature)).to_compressed_bytes().hex()
        case "not found":
            return 404, b"{}"
        case "failing":
            return 500, b"oops"
        case "elsewhere":
            return 302, b""
        case "no json":
            return 200, b"<html>"
        case "no hex":
            answer["signature"] = "zz"
        case "endless":
            return 200, b" " * 1_000_000
    return 200, json.dumps(answer).encode()
