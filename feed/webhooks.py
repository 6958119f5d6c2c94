"""Webhook signatures by the Standard Webhooks specification."""

import base64
import hmac

TOLERANCE_SECONDS = 300


def sign(key: bytes, webhook_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: HMAC-SHA256 over id, timestamp and body."""
    digest = hmac.digest(key, f"{webhook_id}.{timestamp}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(digest).decode()


def is_valid_signature(
    key: bytes, *, webhook_id: str, timestamp: str, signatures: str, body: bytes, now: float
) -> bool:
    """Whether one of the signatures is valid for the key and the timestamp is within the tolerance.

    There are several signatures while the sender rotates its key.
    """
    if not (webhook_id.isascii() and 0 < len(webhook_id) <= 200 and timestamp.isascii() and timestamp.isdecimal()):
        return False
    if len(timestamp) > 12 or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    wanted = sign(key, webhook_id, int(timestamp), body).encode()
    return any(hmac.compare_digest(wanted, given.encode(errors="replace")) for given in signatures.split()[:10])
