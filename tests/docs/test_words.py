"""The Chinese that users, editors and moderators read has one word for one thing: those of the glossary."""

import ast
from pathlib import Path

import pytest

import feed

SOURCE = Path(feed.__file__).parent
ROOT = SOURCE.parent
# Other words for what the glossary (Words of the product) has a word for; each with that word.
REPLACED = {
    "帖子": "动态",
    "发帖": "发布动态",
    "参赛": "参与",
    "参评": "参与评选",
    "得主": "获奖者",
    "幸运儿": "中奖者",
    "得奖": "获奖",
    "裁决": "判定",
    "结算": "评定",
    "重新评选": "重新评定",
    "自动评选": "自动评定",
    "重新抽奖": "重新核定中奖名单",
    "得分表": "计分表",
    "互动分": "点赞分和评论分",
    "总分": "综合得分",
    "领取信息": "领奖信息",
    "公开随机值": "公开值",
    "摇号": "抽签",
    "档位": "奖项",
    "候补者": "候补",
    "兑奖": "领奖",
    "礼品": "奖品",
    "揭晓": "公布",
    "拉黑": "屏蔽（用户之间）、取消资格（活动中）",
    "封号": "封禁",
}
DOCUMENTS = [
    path
    for path in sorted([*ROOT.glob("*.zh-CN.md"), *(ROOT / "docs").rglob("*.zh-CN.md")])
    if ".site" not in path.parts
]
# Users are addressed as 你, but in text messages and in what comes with an export, which are formal; a pattern finds both.
FORMAL = {SOURCE / "sms/templates.py", SOURCE / "exports/archive.py", SOURCE / "screening/contacts.py"}
# What invented people say.
INVENTED = {SOURCE / "demo/texts_zh.py", SOURCE / "seeding/texts.py"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_use_the_words_of_the_glossary(path: Path) -> None:
    assert _found(path.read_text("utf-8")) == []


def test_texts_of_the_program_use_the_words_of_the_glossary() -> None:
    wrong = {
        f"{path.relative_to(ROOT)}:{text.lineno}": found
        for path in sorted(SOURCE.rglob("*.py"))
        if path not in INVENTED
        for text in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(text, ast.Constant) and isinstance(text.value, str) and (found := _found(text.value))
    }
    assert wrong == {}


def test_texts_of_the_pages_use_the_words_of_the_glossary() -> None:
    wrong = {
        f"{path.relative_to(ROOT)}:{number}": found
        for path in sorted(
            [*(SOURCE / "api/html/templates").rglob("*.html"), *(SOURCE / "api/html/static").glob("*.js")]
        )
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1)
        if (found := _found(line))
    }
    assert wrong == {}


def test_users_are_addressed_in_one_way() -> None:
    files = [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html"), *(SOURCE / "api/html/static").glob("*.js")]
    assert {path for path in files if path not in INVENTED and "您" in path.read_text("utf-8")} == FORMAL


def test_the_words_are_found() -> None:
    assert _found("您的帖子未参赛") == ["帖子: 动态", "参赛: 参与"]


def _found(text: str) -> list[str]:
    return [f"{wrong}: {right}" for wrong, right in REPLACED.items() if wrong in text]
