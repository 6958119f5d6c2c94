"""Some mutated photos and videos; by hand more of them (`make fuzz-media`)."""

from pathlib import Path

import pytest

from feed.media.model import Kind
from tests.renditions import fuzz


@pytest.mark.parametrize(("kind", "count"), [("image", 300), ("video", 60)])
async def test_mutated_files_are_rendered_or_fail_with_a_code(kind: Kind, count: int, tmp_path: Path) -> None:
    outcomes = await fuzz.run(kind, count, seed=7, kept=tmp_path)
    assert outcomes.total() >= count
    assert outcomes["rendered"] > count // 15
    assert len([each for each in outcomes if each.startswith("failed")]) >= 3
    # A decoder may crash, which is what the child is for; nothing of ours may, and no file may take up its time.
    assert not fuzz.wrong(outcomes), outcomes
