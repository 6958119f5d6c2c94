"""The catalogue of notifications: both languages complete, and every parameter rendered as what it is."""

import re
from datetime import UTC, datetime
from string import Formatter
from typing import Any

import msgspec
import pytest

from feed.inbox.model import NewNotification, stored_params
from feed.screens.notices import labels
from feed.screens.notices.render import KINDS, TEMPLATES, render
from feed.texts import line, read_text

LANGUAGES = ("zh-CN", "en")
NIGHT = datetime(2026, 9, 20, 15, 59, tzinfo=UTC)
# What people write: quotes that end ours, a direction that turns the rest, line breaks, and far too much of it.
ODD = ["”恭喜中奖”", "a\u202eb\u2066c", "一\n二\u2028三", "字" * 2_000, "", "{campaign:quoted} %s {0}", "𠮷👨‍👩‍👧‍👦"]
# No text of others is longer than an answer or a comment with its surroundings.
LONGEST_TITLE, LONGEST_BODY = 250, 2_300


def placeholders(text: str) -> list[tuple[str, str]]:
    return [(name, spec or "") for _, name, spec, _ in Formatter().parse(text) if name is not None]


def values_of(template: str, language: str) -> dict[str, str]:
    words = TEMPLATES[template].words(language)
    return dict(placeholders(words.title) + placeholders(words.body))


def params(template: str, text: str = "读书月") -> dict[str, Any]:
    """Parameters of the template, as stored; what people write is `text`."""
    made: dict[str, Any] = {"names": [text, "小红"], "prizes": [{"name": text, "per_winner": 2}] * 20}
    made |= {"until": NIGHT, "not_before": NIGHT, "count": 3, "place": 1, "rank": 1, "stage": 2}
    made |= {
        "subject": "comment",
        "target": "topic",
        "decided": "ban",
        "entry": "post",
        "sanction": "ban",
        "block": "entry_waits",
    }
    made |= {"why": "post_deleted" if template.startswith("place.") else "objection_counts"}
    used = values_of(template, "en") | values_of(template, "zh-CN")
    if used.get("reason") == "reason_code":
        made["reason"] = "spam"
    notification = NewNotification(1, "system", template, {name: made.get(name, text) for name in used}, "k")
    stored: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(stored_params(notification)))
    return stored


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_both_languages_say_the_same_with_the_same_parameters(template: str) -> None:
    chinese, english = values_of(template, "zh-CN"), values_of(template, "en")
    assert chinese.keys() == english.keys()
    assert {*chinese.values(), *english.values()} <= KINDS.keys()
    for language in LANGUAGES:
        said = render(template, params(template), language)
        assert said.title
        assert not {"…", "{", "}"} & {*said.title, *said.body}
    assert not re.search(r"[\u4e00-\u9fff]", render(template, params(template, "Reading month"), "en").title)
    assert not re.search(
        r"[\u4e00-\u9fff]", render(template, params(template, "Reading month"), "en").body.replace("小红", "")
    )


@pytest.mark.parametrize("template", sorted(TEMPLATES))
@pytest.mark.parametrize("text", ODD)
def test_what_others_have_written_stays_within_its_quotes_and_bounds(template: str, text: str) -> None:
    for language in LANGUAGES:
        said = render(template, params(template, text), language)
        assert len(said.title) <= LONGEST_TITLE
        assert len(said.body) <= LONGEST_BODY
        assert said.title.count("“") == said.title.count("”")
        assert read_text(said.title, line(LONGEST_TITLE))[1] is None
        if not {"text", "answer"} & params(template).keys():
            assert said.body.count("“") == said.body.count("”")
            assert read_text(said.body, line(LONGEST_BODY, required=False))[1] is None


@pytest.mark.parametrize("template", sorted(key for key in TEMPLATES if key.endswith(".draw")))
def test_a_draw_speaks_of_no_works_and_no_marks(template: str) -> None:
    chinese, english = (render(template, params(template), language) for language in LANGUAGES)
    for word in ("作品", "打分", "评选", "获奖", "质量", "名次"):
        assert word not in chinese.title + chinese.body
    for word in ("works", "mark", "judge", "quality", "rank"):
        assert word not in (english.title + english.body).lower()
    for table in (labels.BLOCKS_DRAW, labels.ENDED_DRAW, labels.WHY_DRAW):
        assert not [zh for zh, _ in table.values() if any(word in zh for word in ("作品", "打分", "评选", "获奖"))]


def test_a_draw_is_never_said_to_be_repeated() -> None:
    for template in (key for key in TEMPLATES if key.endswith(".draw")):
        chinese, english = (render(template, params(template), language) for language in LANGUAGES)
        assert not re.search("重新抽|再次抽", chinese.title + chinese.body), template
        assert not re.search("repeat|draw again|drawn again", english.title + english.body), template


def test_words_address_users_in_one_way_and_are_punctuated_as_in_print() -> None:
    for template in TEMPLATES:
        words = TEMPLATES[template].words("zh-CN")
        bare = re.sub(r"\{[^}]*\}", "", words.title + words.body)
        assert "您" not in bare, template
        assert not re.search(r"[,;!?]|[\u4e00-\u9fff] | [\u4e00-\u9fff]", bare), template
        assert not words.title.endswith("。"), template


def test_a_template_for_each_method_or_for_none() -> None:
    ranked, draw = ({key.rpartition(".")[0] for key in TEMPLATES if key.endswith(end)} for end in (".ranked", ".draw"))
    assert ranked == draw


def test_times_are_those_of_the_city() -> None:
    said = [render("prize.claim_due", params("prize.claim_due"), language).body for language in LANGUAGES]
    assert "9月20日23:59前" in said[0]
    assert "20 September, 23:59 (Beijing time)" in said[1]
    forever = [render("sanction.until", params("sanction.until"), language).body for language in LANGUAGES]
    assert "2026年9月20日23:59" in forever[0]
    assert "20 September 2026, 23:59 (Beijing time)" in forever[1]


def test_a_parameter_that_is_missing_and_a_template_of_a_later_version_are_survived() -> None:
    assert render("prize.codes", {}, "zh-CN").body.startswith("…活动的结果已最终确定")
    assert render("prize.of_tomorrow", {"x": 1}, "zh-CN").title == "你有一条新通知"
    assert render("prize.of_tomorrow", {"x": 1}, "en").title == "You have a new notification"


def test_a_field_is_named_in_words_beside_its_key() -> None:
    bodies = "".join(each.zh.body for each in TEMPLATES.values())
    assert {"quorum", "round", "value", "appeared_at"} == set(re.findall(r"（([a-z_.\[\]]+)）", bodies))
