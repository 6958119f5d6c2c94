"""The fields of a campaign as texts of a form, and charts: pure."""

from datetime import UTC, datetime, timedelta

import pytest

from feed.api.pages.editor import charts, form_fields
from feed.api.pages.editor.charts import Series


def test_a_change_has_the_fields_that_differ_and_the_rest_is_from_others() -> None:
    basis = {"title": "a", "weights.quality": "0.5", "weights.likes": "0.5", "starts_at": ""}
    mine, theirs = basis | {"weights.likes": "0.4"}, basis | {"title": "b", "weights.quality": "0.6"}
    assert form_fields.changed_fields(basis, mine) == ["weights"]
    assert form_fields.merge(basis, mine, theirs) == {
        "title": "b",
        "weights.quality": "0.5",
        "weights.likes": "0.4",
        "starts_at": "",
    }


@pytest.mark.parametrize("most", [*range(1, 130), 999, 1000, 1001, 12_345, 99_999])
def test_the_axis_of_a_chart_ends_at_a_round_number_with_whole_ticks(most: int) -> None:
    top = charts.nice_maximum(most)
    assert most <= top <= max(4, 3 * most)
    assert top % 4 == 0


@pytest.mark.parametrize("count", [0, 1, 2, 7, 24, 121])
def test_a_chart_has_a_bar_for_each_number_few_labels_and_no_style(count: int) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    times = [start + timedelta(hours=each) for each in range(count)]
    series = Series("<b>", "tone-1", [each + 1 for each in range(count)])
    picture = charts.time_chart(times, series, step=timedelta(hours=1), title='"<script>', summary="&", language="en")
    assert picture.count("<rect") == count
    assert picture.count('class="label') <= 5 + 4
    assert "<script>" not in picture
    assert "style=" not in picture
    assert 'role="img"' in picture
