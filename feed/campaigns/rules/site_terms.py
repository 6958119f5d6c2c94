"""What publishing adds to the rules from the site: a clause on the use of works, and how long claims are kept.

The rules contain the clause itself and the days, so that a later change at the site changes nothing that is published.
"""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from feed.campaigns.model import Rules
from feed.campaigns.text_rules import LICENCE_KEY, LICENCE_NAME, LICENCE_TEXT
from feed.errors import FieldError
from feed.texts import text_problems

_LICENCES_MOST = 20


class Licence(msgspec.Struct, frozen=True):
    """A clause on the use of works that editors may choose: its key, its name in the console, its text."""

    key: str
    name: str
    text: str


# Counsel of the site replaces these where they do not fit (FEED_LICENCES_FILE).
BUILT_IN = (
    Licence(
        "display",
        "在本平台展示",
        "参与者对其发布的动态（含文字、图片和视频）依法享有著作权。参与者同意，主办方为报道、宣传本活动，可以在读特客户端及其官方账号上"
        "免费、非独家地展示参与活动的动态，并署作者昵称；可以按版面需要裁剪、缩放、节选，但不得歪曲原意。"
        "许可期自动态发布起，至结果最终确定满一年止。动态被作者删除的，主办方不再新增展示。",
    ),
    Licence(
        "publish",
        "在本平台展示，并在所属报刊刊登",
        "参与者对其发布的动态（含文字、图片和视频）依法享有著作权。参与者同意，主办方为报道、宣传本活动，可以在读特客户端及其官方账号上"
        "免费、非独家地展示参与活动的动态，并可在主办方所属报刊及其数字版上刊登，均署作者昵称；在报刊上刊登的，主办方依法向作者支付稿酬。"
        "主办方可以按版面需要裁剪、缩放、节选，但不得歪曲原意。许可期自动态发布起，至结果最终确定满一年止；"
        "期满前已经刊登的报刊，可以继续保存和传播。动态被作者删除的，主办方不再新增展示或者刊登。",
    ),
    Licence(
        "ask",
        "使用前另行征得同意",
        "参与者对其发布的动态（含文字、图片和视频）依法享有著作权。除在鹏友圈内正常展示外，"
        "主办方使用参与活动的动态，须事先征得作者同意，并依法署名、支付报酬。",
    ),
)


class SiteTerms(msgspec.Struct, frozen=True):
    """The clauses to choose from, the days that claims are kept for after the final result, and at most, and whether texts are signed."""

    licences: tuple[Licence, ...] = BUILT_IN
    claims_kept_days: int = 90
    claims_kept_at_most_days: int = 180
    # Whether the newsroom signs its texts in four stages before they are published.
    editorial_chain: bool = False

    def find_licence(self, key: str | None) -> Licence | None:
        """The clause with this key."""
        return next((licence for licence in self.licences if licence.key == key), None)


def read_licences(path: str) -> tuple[Licence, ...]:
    """The clauses of a TOML file, a table of `name` and `text` for each key; the built-in ones for an empty path.

    Raises ValueError for a file that does not read, or for an invalid text.
    """
    if not path:
        return BUILT_IN
    try:
        tables = tomllib.loads(Path(path).read_text("utf-8"))
        licences = tuple(
            msgspec.convert({"key": key, **table} if isinstance(table, dict) else table, Licence, strict=True)
            for key, table in tables.items()
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"licences: {path} does not read: {error}") from None
    problems = [f"{each.key}: {error.field} {error.code}" for each in licences for error in _licence_problems(each)]
    if problems or len(licences) > _LICENCES_MOST:
        raise ValueError(f"licences: {path}: {'; '.join(problems) or f'more than {_LICENCES_MOST}'}")
    return licences


def with_site_terms(rules: Rules, site: SiteTerms, published: Rules | None) -> Rules:
    """The rules with the clause and the days of the site. What is `published` already stays as it is.

    A clause that is chosen anew, also after publication and before the opening, is that of the site now.
    """
    if published is not None and rules.licence == published.licence:
        text = published.licence_text
    else:
        text = None if (licence := site.find_licence(rules.licence)) is None else licence.text
    days = site if published is None else published
    return msgspec.structs.replace(
        rules,
        licence_text=text,
        claims_kept_days=days.claims_kept_days,
        claims_kept_at_most_days=days.claims_kept_at_most_days,
    )


def site_problems(rules: Rules, site: SiteTerms, published: Rules | None = None) -> Iterator[FieldError]:
    """A problem if the site has no such clause, unless it is published already."""
    is_known = rules.licence is None or site.find_licence(rules.licence) is not None
    if not is_known and (published is None or rules.licence != published.licence):
        yield FieldError("licence", "unknown_value", {"allowed": [each.key for each in site.licences]})


def _licence_problems(licence: Licence) -> Sequence[FieldError]:
    values: list[tuple[str, Any, Any]] = [
        ("key", licence.key, LICENCE_KEY),
        ("name", licence.name, LICENCE_NAME),
        ("text", licence.text, LICENCE_TEXT),
    ]
    return [error for field, value, rule in values for error in text_problems(field, value, rule)]
