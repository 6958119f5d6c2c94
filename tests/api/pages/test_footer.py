"""The footer of public pages: the records that a site of mainland China has to show."""

import msgspec
import pytest

from feed.api.state import AppState
from feed.settings import Settings
from tests.support.pages import BrowserClient

RECORDS = {
    "粤ICP备12345678号-1": "https://beian.miit.gov.cn/",
    "粤公网安备44030000000001号": "https://beian.mps.gov.cn/",
}
PAGES = ("/", "/topics", "/campaigns", "/sign-in")


class TestWithRecords:
    """A site with both records."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        icp, police = RECORDS
        # With an address of its own it has an application of its own, whose pages are those of one site.
        return msgspec.structs.replace(
            settings, icp_record=icp, police_record=police, public_url="http://records.feed.test"
        )

    @pytest.mark.parametrize("path", PAGES)
    async def test_each_record_leads_to_its_authority(self, app_state: AppState, path: str) -> None:
        page = (await BrowserClient(app_state).get(path)).text
        for record, address in RECORDS.items():
            assert f'<a href="{address}" rel="noopener nofollow">{record}</a>' in page


@pytest.mark.parametrize("path", PAGES)
async def test_a_site_without_records_names_no_authority(app_state: AppState, path: str) -> None:
    assert "beian" not in (await BrowserClient(app_state).get(path)).text
