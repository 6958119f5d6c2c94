"""The parameters of a block. Pure.

A block is part of another site's page, which must not break: a parameter that cannot be used is ignored.
"""

import re
from collections.abc import Mapping
from typing import Literal, get_args
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import msgspec

from feed.api.html.rendering import CHINESE, ENGLISH

Part = Literal["campaign", "hot", "videos", "posts"]
Theme = Literal["auto", "light", "dark"]
Target = Literal["top", "blank"]

PARTS: tuple[Part, ...] = get_args(Part)
THEMES: tuple[Theme, ...] = get_args(Theme)
DEFAULT_PARTS: tuple[Part, ...] = ("campaign", "hot", "videos", "posts")
DEFAULT_LIMIT = 5
LIMIT_MOST = 20

_COLOR = re.compile(r"#?([0-9a-fA-F]{6})")
_CAMPAIGN = re.compile(r"[1-9][0-9]{0,18}")
_ARTICLE = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_ADDRESS_LONGEST = 2000
# Parameters in which sites have the id of an article, the most specific first.
_ID_PARAMETERS = ("article_id", "articleid", "contentid", "content_id", "newsid", "aid", "id")
_ENDINGS = re.compile(r"\.(html?|shtml|php|jsp|aspx?)$", re.IGNORECASE)
_INDEX = re.compile(r"(index|default|amp|m)?", re.IGNORECASE)

# Pixels of embed.css, on a phone. Rows have a fixed number of lines, so that a page can reserve the height.
_HEADING, _END, _BORDERS, _VIDEO_GAP = 48, 12, 2, 12
_ROWS: Mapping[Part, int] = {"campaign": 145, "hot": 44, "videos": 136, "posts": 97}
_VIDEOS_IN_A_ROW = 2


class Options(msgspec.Struct, frozen=True):
    """What a block shows, and how. `article`: the id of the article above it, whatever its address looked like."""

    parts: tuple[Part, ...] = DEFAULT_PARTS
    limit: int = DEFAULT_LIMIT
    theme: Theme = "auto"
    accent: str | None = None
    language: str = CHINESE
    article: str | None = None
    campaign: str | None = None
    target: Target = "top"

    def query(self) -> str:
        """The parameters of the same block, without those that are what they are anyway."""
        given = {
            "parts": ",".join(self.parts) if self.parts != DEFAULT_PARTS else None,
            "limit": self.limit if self.limit != DEFAULT_LIMIT else None,
            "theme": self.theme if self.theme != "auto" else None,
            "accent": self.accent,
            "lang": ENGLISH if self.language == ENGLISH else None,
            "article": self.article,
            "campaign": self.campaign,
            "target": self.target if self.target != "top" else None,
        }
        return urlencode({name: value for name, value in given.items() if value is not None}, safe=",")


def read_options(given: Mapping[str, str]) -> Options:
    """The parameters of a request."""
    parts = tuple(dict.fromkeys(part for part in given.get("parts", "").split(",") if part in PARTS))
    limit = given.get("limit", "")
    color = _COLOR.fullmatch(given.get("accent", ""))
    campaign = given.get("campaign", "")
    theme = given.get("theme", "")
    return Options(
        parts=parts or DEFAULT_PARTS,
        limit=max(1, min(int(limit), LIMIT_MOST)) if re.fullmatch(r"[0-9]{1,4}", limit) else DEFAULT_LIMIT,
        theme=theme if theme in THEMES else "auto",
        accent=color[1].lower() if color else None,
        language=ENGLISH if given.get("lang", "").lower().startswith("en") else CHINESE,
        article=article_id(given.get("article", "")),
        campaign=campaign if _CAMPAIGN.fullmatch(campaign) else None,
        target="blank" if given.get("target") == "blank" else "top",
    )


def reserved_height(counts: Mapping[Part, int]) -> int:
    """The height in pixels of a block with so many rows of each part, on a phone: what a page reserves for its frame."""
    height = _BORDERS
    for part, count in counts.items():
        if part == "campaign":
            height += _ROWS[part]
            continue
        rows = -(-count // _VIDEOS_IN_A_ROW) if part == "videos" else count
        gaps = (rows - 1) * _VIDEO_GAP if part == "videos" else 0
        height += _HEADING + rows * _ROWS[part] + gaps + _END
    return height


def article_id(given: str) -> str | None:
    """The id of an article from the id itself or from any address of it: of http or https, of the phone's page, with doubled slashes, with
    what campaigns and apps append. None if there is none.
    """
    text = given.strip()
    if not text or len(text) > _ADDRESS_LONGEST:
        return None
    if "/" not in text and "?" not in text:
        return text if _ARTICLE.fullmatch(text) else None
    try:
        address = urlsplit(text)
        parameters = {name.lower(): values[-1] for name, values in parse_qs(address.query, max_num_fields=100).items()}
    except ValueError:
        return None
    for name in _ID_PARAMETERS:
        if _ARTICLE.fullmatch(parameters.get(name, "")):
            return parameters[name]
    for segment in reversed(unquote(address.path).split("/")):
        name = _ENDINGS.sub("", segment.strip())
        if not _INDEX.fullmatch(name):
            return name if _ARTICLE.fullmatch(name) else None
    return None
