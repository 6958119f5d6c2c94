"""`Accept-Language`: weights, wildcards and malformed values."""

import pytest

from feed.api.languages import preferred_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh-CN"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("en;q=0.5, zh;q=0.9", "zh-CN"),
        ("en;q=0.8, zh-TW;q=0.9", "zh-CN"),
        ("zh;q=0.1,en;q=0.2", "en"),
        ("fr, en;q=0.1", "en"),
        ("fr", "zh-CN"),
        ("*", "zh-CN"),
        ("*, zh;q=0.5", "en"),
        ("zh;q=0, *", "en"),
        ("zh;q=0", "zh-CN"),
        ("en;q=0", "zh-CN"),
        ("en;q=0,zh;q=0", "zh-CN"),
        ("en,zh", "en"),
        ("zh,en", "zh-CN"),
        ("en ; q=0.5 , zh ; Q=0.6", "zh-CN"),
        ("en;q=abc", "zh-CN"),
        ("en;q=2", "zh-CN"),
        ("en;q=-1", "zh-CN"),
        ("en;q=nan, zh;q=0.1", "zh-CN"),
        ("en;q=1;x=2", "zh-CN"),
        ("en;;q=1", "zh-CN"),
        (";;;,,,en", "en"),
        ("english", "zh-CN"),
        ("en\x00", "zh-CN"),
        ("fr," * 5000 + "en", "zh-CN"),
    ],
)
def test_messages_are_in_the_preferred_language(header: str, language: str) -> None:
    assert preferred_language(header) == language
