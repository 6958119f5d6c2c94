"""What `feed doctor` says of photos and videos."""

import msgspec
import pytest

from feed.doctor.media import check_ffmpeg, describe_media
from feed.media.watch import MediaHealth, get_media_health
from feed.postgres import Connection
from feed.renditions.video import rendering

FINE = MediaHealth(
    counts={"ready": 3, "processing": 1, "failed": 0},
    oldest_seconds={"image": 2.0, "video": 90.0},
    removal_seconds=3.0,
    missing=0,
    kept=0,
    swept_seconds=3600.0,
    dead_purges=0,
)


async def test_a_new_installation_has_nothing_wrong(conn: Connection) -> None:
    found = list(describe_media(await get_media_health(conn), purges=True))
    assert [each.about for each in found if each.wrong] == []
    assert {each.about for each in found} == {"media", "media removal", "media sweep", "media purges"}


@pytest.mark.parametrize(
    ("changed", "about"),
    [
        ({}, None),
        ({"oldest_seconds": {"image": 1000.0, "video": 0.0}}, "media"),
        ({"oldest_seconds": {"image": 0.0, "video": 1000.0}}, None),
        ({"oldest_seconds": {"image": 0.0, "video": 8000.0}}, "media"),
        ({"removal_seconds": 4000.0}, "media removal"),
        ({"missing": 1}, "media sweep"),
        ({"kept": 1}, "media sweep"),
        ({"swept_seconds": 300_000.0}, "media sweep"),
        ({"swept_seconds": None}, None),
        ({"dead_purges": 1}, "media purges"),
    ],
)
def test_what_needs_an_operator_is_wrong(changed: dict[str, object], about: str | None) -> None:
    found = describe_media(msgspec.structs.replace(FINE, **changed), purges=True)
    assert [each.about for each in found if each.wrong] == ([] if about is None else [about])


def test_an_installation_without_ffmpeg_is_one_for_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    found = check_ffmpeg()
    assert not found.wrong
    assert "FFmpeg " in found.says
    monkeypatch.setattr(rendering, "load", lambda: None)
    monkeypatch.setattr(rendering, "is_installed", lambda: False)
    absent = check_ffmpeg()
    assert not absent.wrong
    assert rendering.INSTALL in absent.says
    # It is there and does not load: that is no choice of anybody.
    monkeypatch.setattr(rendering, "is_installed", lambda: True)
    assert check_ffmpeg().wrong
