"""How many human approvals publish a text, and when staff is there to give them. Pure."""

from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from feed.cases.holds import State
from feed.screening.model import MachineResult
from feed.settings import Settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
# On the wire and in settings; stored as the number of stages, 0 for `publish_first`.
ReviewChain = Literal["publish_first", 1, 2, 3]
STAGES_MOST = 3


def stages_of(chain: ReviewChain | None) -> int:
    """The number of stages of a chain; None sets none of its own."""
    return chain if isinstance(chain, int) else 0


def chain_of(stages: int) -> ReviewChain:
    """The chain with this number of stages."""
    match stages:
        case 1 | 2 | 3:
            return stages
        case _:
            return "publish_first"


class OfficeHours(msgspec.Struct, frozen=True):
    """The daily interval in Shanghai time in which reviewers are at work. With equal ends: always."""

    begin: time
    end: time

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"

    def contain(self, at: datetime) -> bool:
        """Whether reviewers are at work then."""
        here = at.astimezone(SHANGHAI).time()
        if self.begin == self.end:
            return True
        if self.begin < self.end:
            return self.begin <= here < self.end
        return here >= self.begin or here < self.end

    def next_from(self, at: datetime) -> datetime:
        """The first time from `at` on at which reviewers are at work."""
        if self.contain(at):
            return at
        here = at.astimezone(SHANGHAI)
        day = here.date() + timedelta(days=1 if here.time() >= self.begin else 0)
        return datetime.combine(day, self.begin, SHANGHAI).astimezone(UTC)


ALWAYS = OfficeHours(time(0), time(0))


def _read_hours(setting: str) -> OfficeHours:
    if setting == "always":
        return ALWAYS
    begin, _, end = setting.partition("-")
    return OfficeHours(time.fromisoformat(begin), time.fromisoformat(end))


class SiteChain(msgspec.Struct, frozen=True):
    """The stages that the site requires of every post and comment, the risks that require more, and the hours of its staff."""

    posts: int = 0
    comments: int = 0
    risks: tuple[int, int, int] = (40, 70, 90)
    hours: OfficeHours = ALWAYS

    def stages(self, kind: Literal["post", "comment"], machine: MachineResult) -> int:
        """The stages before publication that the site and the result of the machine check require."""
        asked = self.posts if kind == "post" else self.comments
        by_risk = sum(machine.risk >= risk for risk in self.risks)
        # What the machine sends to review is looked at before it is visible, whatever its risk.
        return max(asked, by_risk, 1 if machine.verdict == "review" else 0)


PUBLISH_FIRST = SiteChain()


def read_site_chain(settings: Settings) -> SiteChain:
    """What the settings require. They are valid: `read_settings` has checked them."""
    one, two, three = (int(part) for part in settings.review_risks.split(","))
    return SiteChain(
        posts=_stages(settings.review_chain),
        comments=_stages(settings.review_chain_comments),
        risks=(one, two, three),
        hours=_read_hours(settings.review_hours),
    )


def _stages(setting: str) -> int:
    return 0 if setting == "publish_first" else int(setting)


def first_state(machine: MachineResult, stages: int) -> State:
    """The state of a new text: rejected by the machine, waiting for its stages, or visible at once."""
    if machine.verdict == "block":
        return "rejected"
    return "pending" if stages else "published"
