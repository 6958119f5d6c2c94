"""The pages that notifications and shared posts lead to: how they are stored, which addresses a site makes of them, and what a link leads to.

Pure.
"""

import re
from typing import Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec

from feed.settings import Settings

POST_ID = "{post_id}"
PATH = "{path}"
# Longer texts are not searched for a link.
LINK_MOST = 2000

TargetKind = Literal["post", "comment", "user", "topic", "campaign"]
_PAGES: dict[str, TargetKind] = {
    "p": "post",
    "posts": "post",
    "comments": "comment",
    "users": "user",
    "topics": "topic",
    "campaigns": "campaign",
}
# Within a text an address is in ASCII, as apps copy it. What a sentence or a bracket has put behind it is no part of it.
_ADDRESS = re.compile(r"(?i)(?<![a-z0-9+.\-])[a-z][a-z0-9+.\-]*://[!#-;=?-~]+")
_BEHIND = ".,:;!?'*)]}>|"


class LinkTarget(msgspec.Struct, frozen=True):
    """What a link leads to: an id of digits, of a topic its name."""

    kind: TargetKind
    id: str


# Where the app lets its user verify a phone.
PHONE_PAGE = "/me/phone"


def post_page(post_id: int) -> str:
    """The page of a post within the app."""
    return f"/posts/{post_id}"


def comment_page(post_id: int, comment_id: int) -> str:
    """The page of a post, at one of its comments."""
    return f"{post_page(post_id)}?comment_id={comment_id}"


def campaign_page(campaign_id: int) -> str:
    """The page of a campaign within the app."""
    return f"/campaigns/{campaign_id}"


def jury_page(campaign_id: int) -> str:
    """The page on which a juror marks the entries of a campaign."""
    return f"/console/jury/{campaign_id}"


def prize_page(winner_id: int) -> str:
    """The page of one's prize within the app."""
    return f"/prizes/{winner_id}"


class Links(msgspec.Struct, frozen=True):
    """The addresses of a site: of a post for people without the app, and of a page within the app."""

    share: str = "http://127.0.0.1:8080/p/{post_id}"
    deep: str = "/{path}"
    site: str = "http://127.0.0.1:8080"

    def share_url(self, post_id: int) -> str:
        """The address of a post for people without the app."""
        return self.share.replace(POST_ID, str(post_id))

    def deep_link(self, page: str | None) -> str | None:
        """The address of a stored page within the app; None without a page."""
        return None if page is None else self.deep.replace(PATH, page.removeprefix("/"))

    def page_of(self, deep_link: str | None) -> str | None:
        """The stored page that an address within the app is of, the other way round than `deep_link`; None for another address."""
        before, _, after = self.deep.partition(PATH)
        if deep_link is None or not deep_link.startswith(before) or not deep_link.endswith(after):
            return None
        return "/" + deep_link[len(before) : len(deep_link) - len(after)]

    def target(self, text: str) -> LinkTarget | None:
        """What a link of this site leads to: an address of a post, of a page within the app or of the API. None if it is none of them.

        The link may stand within a text, as apps copy it, and may have parameters that apps add.
        """
        if len(text) > LINK_MOST:
            return None
        found_in_text = _ADDRESS.findall(text)
        links = [text.strip(), *found_in_text, *(link.rstrip(_BEHIND) for link in found_in_text)]
        return next((found for link in links if (found := self._target_of(link)) is not None), None)

    def _target_of(self, link: str) -> LinkTarget | None:
        for template, placeholder, page in ((self.share, POST_ID, "posts/"), (self.deep, PATH, "")):
            value = _value_in(link, template, placeholder)
            if value is not None and (found := _target_of_page(page + value)) is not None:
                return found
        site = _canonical(self.site).rstrip("/") + "/"
        canonical = _canonical(link)
        return _target_of_page(canonical[len(site) :]) if canonical.startswith(site) else None


DEFAULT_LINKS = Links()


def links_of(settings: Settings) -> Links:
    """The addresses that the settings say."""
    return Links(
        settings.share_url or f"{settings.public_url.rstrip('/')}/p/{POST_ID}", settings.deep_link, settings.public_url
    )


def _canonical(link: str) -> str:
    """The address with scheme and host as they are compared: in small letters, http as https, without the default port."""
    scheme, mark, rest = link.partition("://")
    if not mark:
        return link
    scheme = "https" if scheme.lower() == "http" else scheme.lower()
    host, slash, path = _halves(rest, "/?#")
    return f"{scheme}://{re.sub(r':(80|443)$', '', host.lower())}{slash}{path}"


def _value_in(link: str, template: str, placeholder: str) -> str | None:
    """What stands in the place of the placeholder, with the link's own parameters behind it; None if the link is not of this template."""
    before, _, after = template.partition(placeholder)
    before = _canonical(before)
    link = _canonical(link)
    start, mark, query = before.partition("?")
    if mark and "#" not in before:
        # In a parameter: others may stand before it and after it.
        name = query.rpartition("&")[2].partition("=")[0]
        if link.partition("?")[0].rstrip("/") != start.rstrip("/"):
            return None
        return next(iter(parse_qs(link.partition("?")[2].partition("#")[0]).get(name, [])), None)
    if not link.startswith(before):
        return None
    value = link[len(before) :]
    if not after:
        return value
    found, mark, rest = value.partition(after)
    return found + ("?" + rest.partition("?")[2] if "?" in rest else "") if mark else None


def _target_of_page(page: str) -> LinkTarget | None:
    """What a path like `posts/1?comment_id=2` leads to, below `v1/` too; None if it is no page of an item."""
    # Some apps append their parameters with `&` only.
    path, _, more = page.partition("&") if "?" not in page else (page, "", "")
    address = urlsplit("/" + path.lstrip("/") + ("?" + more if more else ""))
    parts = [unquote(part) for part in address.path.removeprefix("/v1").strip("/").split("/")]
    if len(parts) < 2 or (kind := _PAGES.get(parts[0])) is None:
        return None
    if kind == "topic":
        return LinkTarget(kind, parts[1]) if parts[1] else None
    if not _is_id(parts[1]):
        return None
    comment_id = next(iter(parse_qs(address.query).get("comment_id", [])), None)
    if kind != "post" or comment_id is None:
        return LinkTarget(kind, parts[1])
    # A damaged link of a comment is none of its post.
    return LinkTarget("comment", comment_id) if _is_id(comment_id) else None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _halves(text: str, marks: str) -> tuple[str, str, str]:
    """The text before, at and after the first of the marks."""
    found = re.search(f"[{re.escape(marks)}]", text)
    return (text, "", "") if found is None else (text[: found.start()], found[0], text[found.end() :])


def local_path(given: str | None, otherwise: str = "/") -> str:
    """A path of this site to go on to; `otherwise` for anything that leads elsewhere."""
    if not given or len(given) > 2000 or not given.startswith("/") or given.startswith(("//", "/\\")):
        return otherwise
    if any(ord(each) < 0x21 or each == "\\" or ord(each) == 0x7F for each in given):
        return otherwise
    # No page has an empty segment, and without its dots `/..//host` is another host to some.
    if "//" in re.split("[?#]", given, maxsplit=1)[0]:
        return otherwise
    return quote(given, safe="/?&=%#:;,+@!~*'()$-._")
