"""Some hundreds of mutated photos; by hand more of them (`python -m tests.renditions.fuzz`)."""

from pathlib import Path

from tests.renditions import fuzz


async def test_mutated_photos_are_rendered_or_fail_with_a_code(tmp_path: Path) -> None:
    outcomes = await fuzz.run(300, seed=7, kept=tmp_path)
    assert outcomes.total() >= 300
    assert outcomes["rendered"] > 20
    assert len([each for each in outcomes if each.startswith("failed")]) >= 3
    # A decoder may crash, which is what the child is for; nothing of ours may, and no file may take up its time.
    assert not [each for each in outcomes if each.startswith(("error", "timed out"))], outcomes
