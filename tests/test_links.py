"""The addresses of posts and of pages within the app."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.links import Links, LinkTarget, campaign_page, comment_page, links_of, post_page, prize_page
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


LINKS = Links("https://h5.example.cn/{post_id}.html", "city://feed/{path}", "https://feed.example")


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("https://h5.example.cn/7.html", LinkTarget("post", "7")),
        ("http://H5.example.cn:443/7.html?from=wechat&isappinstalled=0#top", LinkTarget("post", "7")),
        ("https://h5.example.cn/7.html?comment_id=8", LinkTarget("comment", "8")),
        ("【读书】看看这条动态：https://h5.example.cn/7.html，很有意思", LinkTarget("post", "7")),
        ("(https://feed.example/p/7)", LinkTarget("post", "7")),
        ("see https://feed.example/p/7.", LinkTarget("post", "7")),
        ("“https://feed.example/p/7”……", LinkTarget("post", "7")),
        ("https://feed.example/p/7\u200b", LinkTarget("post", "7")),
        ("[动态](https://feed.example/posts/7?comment_id=8), 请看", LinkTarget("comment", "8")),
        ("https://feed.example/p/7&from=timeline", LinkTarget("post", "7")),
        ("https://other.example/ https://feed.example/p/7", LinkTarget("post", "7")),
        ("https://feed.example/posts/7?comment_id=8.", LinkTarget("comment", "8")),
        ("CITY://feed/posts/7", LinkTarget("post", "7")),
        ("city://feed/posts/7?comment_id=8", LinkTarget("comment", "8")),
        ("city://feed/campaigns/9", LinkTarget("campaign", "9")),
        ("https://feed.example/p/7", LinkTarget("post", "7")),
        ("https://feed.example/v1/posts/7", LinkTarget("post", "7")),
        ("https://feed.example/v1/posts/7/comments?sort=hot", LinkTarget("post", "7")),
        ("https://feed.example/v1/comments/8", LinkTarget("comment", "8")),
        ("https://feed.example/users/5/", LinkTarget("user", "5")),
        ("https://feed.example/v1/topics/%E8%AF%BB%E4%B9%A6", LinkTarget("topic", "读书")),
        ("https://feed.example/topics/A%2FB/posts", LinkTarget("topic", "A/B")),
    ],
)
def test_a_link_of_the_site_leads_to_its_item(link: str, target: LinkTarget) -> None:
    assert LINKS.target(link) == target


@pytest.mark.parametrize(
    "link",
    [
        "",
        "7",
        "https://feed.example",
        "https://feed.example/posts",
        "https://feed.example/posts/seven",
        "https://feed.example.evil.cn/posts/7",
        "https://evil.cn/?u=https:/feed.example/posts/7",
        "https://h5.example.cn/7",
        "https://h5.example.cn/x7.html",
        "city://feed/prizes/1",
        "https://[feed.example/posts/7",
        "https://feed.example/posts/\u0667",
        "https://feed.example/posts/7?comment_id=8x",
        "https://feed.example/posts/7abc",
        "https://feed.example/topics/",
        "https://feed.example/posts/7" + " " * 2000,
    ],
)
def test_another_text_is_no_link_of_the_site(link: str) -> None:
    assert LINKS.target(link) is None


@pytest.mark.parametrize(
    ("links", "link"),
    [
        (Links("https://m.example.cn/?page=post&id={post_id}"), "https://m.example.cn?utm=1&id=7&page=post"),
        (Links("https://m.example.cn/#/p/{post_id}"), "https://m.example.cn/#/p/7?from=x"),
        (Links(deep="https://m.example.cn/open?to={path}"), "https://m.example.cn/open?to=posts%2F7"),
        (Links(deep="city://{path}"), "city://posts/7"),
        (Links(), "/posts/7"),
        (Links(), "http://127.0.0.1:8080/posts/7"),
    ],
)
def test_each_kind_of_template_is_read(links: Links, link: str) -> None:
    assert links.target(link) == LinkTarget("post", "7")


@given(
    st.integers(1, 2**63 - 1),
    st.integers(1, 2**63 - 1),
    st.sampled_from(["https://a.cn/{post_id}", "https://a.cn/x?i={post_id}&y=1"]),
)
def test_what_the_site_writes_it_reads(post_id: int, comment_id: int, share: str) -> None:
    links = Links(share, "app://go/{path}")
    assert links.target(links.share_url(post_id)) == LinkTarget("post", str(post_id))
    assert links.target(str(links.deep_link(comment_page(post_id, comment_id)))) == LinkTarget(
        "comment", str(comment_id)
    )
