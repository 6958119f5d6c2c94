"""Hooks that `feed` calls: settings, signatures and the meaning of responses. Pure."""

import base64
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from feed.webhooks import (
    MAX_TRIES,
    Hook,
    InvalidHookSettings,
    headers_of,
    outcome_of,
    read_hook,
    retry_after_of,
    retry_delay,
)

SECRET = "s" * 32
NOON = datetime(2026, 9, 1, 4, tzinfo=UTC)


def test_without_a_url_there_is_no_hook() -> None:
    assert read_hook("", SECRET) is None


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("http://push.example/hook", SECRET),
        ("ftp://push.example/hook", SECRET),
        ("https:///hook", SECRET),
        ("https://push.example/hook", ""),
        ("https://push.example/hook", "s" * 31),
        ("https://push.example/hook", "whsec_" + base64.b64encode(b"s" * 32).decode() + " whsec_c2hvcnQ="),
        ("https://push.example/hook", "whsec_" + base64.b64encode(b"s" * 31).decode()),
        ("https://push.example/hook", "whsec_%%%"),
    ],
)
def test_an_open_hook_and_a_weak_secret_are_refused(url: str, secret: str) -> None:
    with pytest.raises(InvalidHookSettings, match="FEED_PUSH_HOOK"):
        read_hook(url, secret)


@pytest.mark.parametrize(
    "url", ["https://push.example/hook", "http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]/x"]
)
def test_a_safe_hook_is_taken_and_hides_its_secret(url: str) -> None:
    hook = read_hook(url, SECRET)
    assert hook is not None
    assert SECRET not in repr(hook)


def test_a_push_is_signed_by_each_secret() -> None:
    new = base64.b64encode(b"n" * 32).decode()
    old = base64.b64encode(SECRET.encode()).decode()
    hook = read_hook("https://push.example/hook", f"whsec_{new} whsec_{old}")
    assert hook is not None
    headers = headers_of(hook, "12", NOON, b"{}")
    signed = f"12.{int(NOON.timestamp())}.{{}}".encode()
    wanted = [base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in (b"n" * 32, SECRET.encode())]
    assert headers["webhook-id"] == "12"
    assert headers["webhook-signature"] == f"v1,{wanted[0]} v1,{wanted[1]}"


def test_what_answers_mean() -> None:
    assert {outcome_of(status) for status in (200, 202, 204)} == {"delivered"}
    assert {outcome_of(status) for status in (400, 401, 404, 410, 422)} == {"dead"}
    assert {outcome_of(status) for status in (301, 307, 408, 425, 429, 500, 503)} == {"retry"}


def test_pauses_grow_and_end_after_about_a_day() -> None:
    pauses = [pause for tries in range(1, MAX_TRIES) if (pause := retry_delay(tries, 0.5))]
    assert len(pauses) == MAX_TRIES - 1
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=10)
    assert timedelta(hours=20) < sum(pauses, timedelta()) < timedelta(hours=28)
    assert retry_delay(MAX_TRIES, 0.5) is None
    assert retry_delay(1, 0.0) == timedelta(seconds=8)


@pytest.mark.parametrize(
    ("status", "header", "wanted"),
    [
        (429, "120", timedelta(minutes=2)),
        (503, "Tue, 01 Sep 2026 04:01:00 GMT", timedelta(minutes=1)),
        (503, "Tue, 01 Sep 2020 04:01:00 GMT", timedelta(0)),
        (429, "9" * 400, timedelta(hours=1)),
        (429, "soon", None),
        (429, "-5", None),
        (500, "120", None),
        (429, None, None),
    ],
)
def test_patience_is_asked_for_in_seconds_or_by_a_date(
    status: int, header: str | None, wanted: timedelta | None
) -> None:
    assert retry_after_of(status, header, NOON) == wanted


def test_a_hook_is_a_value() -> None:
    assert Hook("u", (b"s",)) == Hook("u", (b"s",))
