"""A post's card is assembled from a shared encoded part and the viewer's; its members are those of one declaration."""

from typing import Any

import msgspec
import pytest

from feed.accounts.model import Standing
from feed.links import Links
from feed.screens.posts import cards
from feed.screens.posts.cards import PostCard, SharedPost
from feed.screens.posts.media import EncodedMedia
from feed.screens.posts.viewer import ANONYMOUS, ViewerState
from tests.support import make

AUTHOR = 8


def row(state: str = "published", **fields: Any) -> dict[str, Any]:
    """A row of `cards.list_posts`."""
    return {
        "id": 7,
        "author_id": AUTHOR,
        "author_name": "小明",
        "avatar_url": None,
        "badge": "v",
        "text": '"引号" \\ 和 #话题#',
        "topics": [{"id": 3, "name": "话题", "start": 9, "length": 4}],
        "credits": [],
        "location": {"name": "深圳湾公园", "lat": 22.5, "lng": 113.9},
        "ip_region": "广东",
        "ai_label": None,
        "of_child": False,
        "comment_policy": "everyone",
        "state": state,
        "is_visible": state == "published",
        "is_protected": False,
        "revision": 2,
        "campaigns": [{"id": "5", "title": "爱读书"}],
        "created_at": make.now(),
        "published_at": make.now(),
        "edited_at": None,
        "like_count": 4,
        "comment_count": 2,
        "latest_revision": 2,
        "review_text": None,
        "review_media_ids": None,
        "review_stage": 1,
        "review_stages": 2,
        "review_reason": "spam",
        "review_expected_at": make.now(),
        **fields,
    }


def card(viewer_state: ViewerState, **fields: Any) -> bytes:
    links = Links("https://feed.example/p/{post_id}")
    return cards.card(cards.fragment(row(**fields), EncodedMedia(b"[]", None), links), viewer_state)


VIEWER_STATES = [
    ANONYMOUS,
    ViewerState(9),
    ViewerState(9, liked_ids={7}),
    ViewerState(AUTHOR),
    ViewerState(AUTHOR, liked_ids={7}),
    ViewerState(9, standing=Standing(banned=True, muted=False)),
]


@pytest.mark.parametrize("viewer_state", VIEWER_STATES)
@pytest.mark.parametrize("state", ["published", "pending", "rejected", "removed", "deleted"])
def test_a_card_is_the_declared_struct_encoded(viewer_state: ViewerState, state: str) -> None:
    encoded = card(viewer_state, state=state)
    assert msgspec.json.encode(msgspec.json.decode(encoded, type=PostCard)) == encoded
    absent = {"review"} if state in ("published", "deleted") or viewer_state.viewer_id != AUTHOR else set()
    assert list(msgspec.json.decode(encoded)) == [name for name in PostCard.__struct_fields__ if name not in absent]


def test_a_new_member_takes_one_line_and_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    class WithMood(SharedPost, frozen=True, kw_only=True):
        mood: str

    monkeypatch.setattr(cards, "SharedPost", WithMood)
    assert msgspec.json.decode(card(ViewerState(9), mood="happy"))["mood"] == "happy"
    with pytest.raises(msgspec.ValidationError, match="mood"):
        card(ViewerState(9))


def test_a_review_is_shown_to_the_author_without_old_reasons_while_pending() -> None:
    assert "review" not in msgspec.json.decode(card(ViewerState(9), state="rejected"))
    rejected = msgspec.json.decode(card(ViewerState(AUTHOR), state="rejected"))["review"]
    pending = msgspec.json.decode(card(ViewerState(AUTHOR), state="pending"))["review"]
    assert (rejected["reason_code"], pending["reason_code"]) == ("spam", None)
