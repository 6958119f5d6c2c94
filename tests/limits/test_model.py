"""The table of limits, its settings, and the headers."""

from pathlib import Path

import pytest

from feed.limits.configuration import read_table
from feed.limits.model import (
    HOUR,
    MINUTE,
    TABLE,
    Limit,
    Window,
    default_for,
    effective_limit,
    overridden,
    read_window,
    scaled,
)


def test_a_new_account_has_a_third_of_the_quota_and_at_least_one() -> None:
    limit = Limit(account=(Window(10, MINUTE), Window(2, HOUR)))
    limited = effective_limit("posts", limit.account, limit, divisor=3)
    assert [window.quota for window in limited.windows] == [3, 1]
    assert limited.policy_header == b'"posts-1m";q=3;w=60, "posts-1h";q=1;w=3600'


def test_exact_and_strict_limits_have_no_portion_and_others_a_tenth() -> None:
    windows = (Window(120, MINUTE), Window(2_000, HOUR))
    assert effective_limit("likes", windows, Limit(exact=False)).portion == 12
    assert effective_limit("posts", windows, Limit()).portion == 0
    assert effective_limit("claims", windows, Limit(strict=True, exact=False)).portion == 0


def test_codes_and_claims_fail_closed_and_nothing_else_does() -> None:
    assert {name for name, limit in TABLE.items() if limit.strict} == {"codes", "claims", "reveals"}


def test_the_default_class_follows_the_method() -> None:
    assert [default_for(method) for method in ("GET", "OPTIONS", "PUT", "DELETE", "PATCH", "POST")] == [
        "reads", "reads", "changes", "changes", "changes", "changes",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "window"), [("10/10m", (10, 600)), ("60/1d", (60, 86_400)), ("5/30s", (5, 30)), ("300/1h", (300, 3600))]
)
def test_a_window_is_parsed(text: str, window: tuple[int, int]) -> None:
    assert read_window(text) == Window(*window)


@pytest.mark.parametrize(
    "text", ["", "10", "10/", "10/m", "x/1m", "10/1w", "0/1m", "10/0m", "10/32d", "-1/1m", 7, "1/²m"]
)
def test_an_invalid_window_is_rejected(text: object) -> None:
    with pytest.raises(ValueError, match="limits"):
        read_window(text)


@pytest.mark.parametrize(
    "given",
    [{"pots": {"account": ["1/1m"]}}, {"posts": 3}, {"posts": {"person": ["1/1m"]}}, {"posts": {"account": []}},
     {"codes": {"account": ["1/1m"]}}],
)  # fmt: skip
def test_a_file_with_an_unknown_limit_is_rejected(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="limits"):
        overridden(TABLE, given)


def test_settings_override_and_scale_limits(tmp_path: Path) -> None:
    assert read_table("off", 1, embedded=False) is None
    assert read_table("on", 1, embedded=False) == scaled(TABLE, 1) == TABLE
    embedded = read_table("on", 2, embedded=True)
    assert embedded is not None
    assert embedded["posts"].account[0] == Window(200, 600)
    file = tmp_path / "limits.toml"
    file.write_text('[posts]\naccount = ["20/10m"]\n[reads]\naddress = ["6000/1m"]\n')
    table = read_table(str(file), 1, embedded=False)
    assert table is not None
    assert table["posts"].account == (Window(20, 600),)
    assert table["reads"].address == (Window(6000, 60),)
    assert table["reads"].account == TABLE["reads"].account


@pytest.mark.parametrize("content", [b"[posts", b"\xff", None])
def test_an_unreadable_file_is_named_in_the_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "limits.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=r"limits\.toml"):
        read_table(str(file), 1, embedded=False)
