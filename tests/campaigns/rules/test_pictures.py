"""Which fields of a draft name pictures, and that a copy names none."""

from feed.campaigns.rules.draft import copy_fields
from feed.campaigns.rules.pictures import named_pictures

DRAFT = {
    "title": "读书月",
    "cover_media_id": "7",
    "prizes": [{"name": "书"}, {"name": "笔", "image_media_id": "9"}, {"name": "包", "image_media_id": None}],
}


def test_the_cover_and_the_prizes_name_pictures_by_the_paths_of_their_fields() -> None:
    assert named_pictures(DRAFT) == [("cover_media_id", 7, "cover"), ("prizes[1].image_media_id", 9, "prize")]
    assert named_pictures({}) == []
    assert named_pictures({"cover_media_id": "x", "prizes": None}) == []


def test_a_copy_names_no_pictures_and_leaves_the_original_as_it_is() -> None:
    copy = copy_fields(DRAFT)
    assert named_pictures(copy) == []
    assert (copy["title"], [prize["name"] for prize in copy["prizes"]]) == ("读书月", ["书", "笔", "包"])
    assert len(named_pictures(DRAFT)) == 2
