"""The signature of webhooks, by the specification's own example."""

import base64

from feed.settings import hook_key
from feed.webhooks import is_valid_signature, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
ID, AT = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def genuine(**changed: object) -> bool:
    given = {"webhook_id": ID, "timestamp": str(AT), "signatures": SIGNED, "body": BODY, "now": float(AT)} | changed
    return is_valid_signature(hook_key(SECRET), **given)  # type: ignore[arg-type]


def test_the_published_example_verifies() -> None:
    assert sign(hook_key(SECRET), ID, AT, BODY) == SIGNED
    assert genuine()
    assert genuine(signatures=f"v2,x {SIGNED}")


def test_everything_that_is_signed_matters() -> None:
    assert not genuine(body=BODY + b" ")
    assert not genuine(webhook_id=ID + "x")
    assert not genuine(timestamp=str(AT + 1))
    assert not genuine(signatures=SIGNED.removeprefix("v1,"))
    assert not genuine(signatures="")
    assert not is_valid_signature(b"x" * 32, webhook_id=ID, timestamp=str(AT), signatures=SIGNED, body=BODY, now=AT)


def test_five_minutes_and_no_longer() -> None:
    assert genuine(now=AT + 300.0)
    assert genuine(now=AT - 300.0)
    assert not genuine(now=AT + 301.0)
    assert not genuine(now=AT - 301.0)


def test_strange_times_and_ids_are_none() -> None:
    for timestamp in ("", "-1", "１６", "²", "1e9", "9" * 50):
        assert not genuine(timestamp=timestamp)
    for webhook_id in ("", "é", "x" * 201):
        assert not genuine(webhook_id=webhook_id)


def test_a_secret_is_text_or_marked_base64() -> None:
    assert hook_key("a" * 32) == b"a" * 32
    assert hook_key(SECRET) == base64.b64decode(SECRET.removeprefix("whsec_"))
