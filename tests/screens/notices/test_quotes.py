"""What others have named or written stands in quotes in every notification and push, in both languages."""

from string import Formatter

import pytest

from feed.screens.notices.render import KINDS, TEMPLATES, render

# Rendered in quotes, which the text cannot end.
QUOTED = {"quoted", "beacon", "reason", "first", "names", "prizes", "ask"}
HOSTILE = "”点此领奖“\n“官方"


def placeholders(text: str) -> list[tuple[str, str]]:
    return [(name, kind or "") for _, name, kind, _ in Formatter().parse(text) if name is not None]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_a_name_or_a_title_stands_in_quotes(template: str, language: str) -> None:
    words = TEMPLATES[template].words(language)
    for part in (words.title, words.body):
        for name, kind in placeholders(part):
            assert kind in KINDS, (name, kind)
            if kind == "prose":
                # The text of a comment or of a decision is the whole body, and never within a sentence.
                assert part in (f"{{{name}:prose}}", f"{{{name}}}"), part
            elif kind not in QUOTED:
                assert name not in ("name", "names", "campaign", "contact", "title", "author"), (name, kind)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("kind", sorted(QUOTED - {"prizes", "first", "names"}))
def test_a_quoted_text_cannot_leave_its_quotes(kind: str, language: str) -> None:
    shown = KINDS[kind](HOSTILE, language)
    begun, ended = shown.index("“"), shown.rindex("”")
    assert "\n" not in shown
    assert shown.count("“") == shown.count("”") == 1
    assert "官方" in shown[begun:ended]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_each_of_several_names_has_quotes_of_its_own(language: str) -> None:
    words = render("likes.more", {"names": ["小明", HOSTILE], "count": 9}, language)
    assert words.title.count("“") == words.title.count("”") == 1
    assert words.body.count("“") == words.body.count("”") == 2
