"""The pages that notifications and shared posts lead to: how they are stored, and which addresses a site makes of them. Pure."""

import msgspec

from feed.settings import Settings

POST_ID = "{post_id}"
PATH = "{path}"


def post_page(post_id: int) -> str:
    """The page of a post within the app."""
    return f"/posts/{post_id}"


def comment_page(post_id: int, comment_id: int) -> str:
    """The page of a post, at one of its comments."""
    return f"{post_page(post_id)}?comment_id={comment_id}"


def campaign_page(campaign_id: int) -> str:
    """The page of a campaign within the app."""
    return f"/campaigns/{campaign_id}"


def prize_page(winner_id: int) -> str:
    """The page of one's prize within the app."""
    return f"/prizes/{winner_id}"


class Links(msgspec.Struct, frozen=True):
    """The addresses of a site: of a post for people without the app, and of a page within the app."""

    share: str = "http://127.0.0.1:8080/p/{post_id}"
    deep: str = "/{path}"

    def share_url(self, post_id: int) -> str:
        """The address of a post for people without the app."""
        return self.share.replace(POST_ID, str(post_id))

    def deep_link(self, page: str | None) -> str | None:
        """The address of a stored page within the app; None without a page."""
        return None if page is None else self.deep.replace(PATH, page.removeprefix("/"))


DEFAULT_LINKS = Links()


def links_of(settings: Settings) -> Links:
    """The addresses that the settings say."""
    return Links(settings.share_url or f"{settings.public_url.rstrip('/')}/p/{POST_ID}", settings.deep_link)
