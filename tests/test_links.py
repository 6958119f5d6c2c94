"""The addresses of posts and of pages within the app."""

from pathlib import Path

import msgspec

from feed.links import Links, campaign_page, comment_page, links_of, post_page, prize_page
from feed.settings import Settings

SETTINGS = Settings(database_url="", redis_url="", keys_dir=Path())


def test_by_default_posts_are_below_the_public_address_and_pages_are_paths() -> None:
    links = links_of(msgspec.structs.replace(SETTINGS, public_url="https://feed.example/"))
    assert links.share_url(7) == "https://feed.example/p/7"
    pages = [post_page(7), comment_page(7, 8), campaign_page(9), prize_page(10)]
    assert [links.deep_link(page) for page in pages] == pages
    assert pages == ["/posts/7", "/posts/7?comment_id=8", "/campaigns/9", "/prizes/10"]
    assert links_of(SETTINGS) == Links()


def test_a_site_sets_both_addresses() -> None:
    links = links_of(
        msgspec.structs.replace(
            SETTINGS, share_url="https://h5.example.cn/{post_id}.html", deep_link="city://feed/{path}"
        )
    )
    assert links.share_url(7) == "https://h5.example.cn/7.html"
    assert links.deep_link(comment_page(7, 8)) == "city://feed/posts/7?comment_id=8"
    assert links.deep_link(None) is None
