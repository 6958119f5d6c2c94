"""Where a form leads to: what a header cannot hold is encoded."""

import pytest

from feed.api.pages.page import see_other


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/posts/1?done=sent#comments", "/posts/1?done=sent#comments"),
        ("/topics/AC%2FDC", "/topics/AC%2FDC"),
        ("/topics/读书", "/topics/%E8%AF%BB%E4%B9%A6"),
        ("/console/users?q=\x00\r\nset-cookie: a", "/console/users?q=%00%0D%0Aset-cookie:%20a"),
        ("/search?q=\u2028\x7f<b>", "/search?q=%E2%80%A8%7F%3Cb%3E"),
    ],
)
def test_an_address_fits_into_its_header(path: str, sent: str) -> None:
    assert see_other(path).headers["location"] == sent
