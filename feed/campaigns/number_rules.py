"""The ranges of the whole numbers of a campaign."""

from typing import Annotated

from feed.numbers import Range

WINNERS = Range(1, 100)
RESERVES = Range(0, 100)
OBJECTION_DAYS = Range(0, 30)
CLAIM_DAYS = Range(0, 90)
SHORTLIST = Range(1, 1000)
BEACON_WAIT_HOURS = Range(1, 720)
QUORUM = Range(1, 50)
# Of the parts of stored rules.
CAP = Range(1, 1_000_000)
PER_WINNER = Range(1, 1000)
ACCOUNT_AGE_DAYS = Range(0, 3650)
DELIVERY_DAYS = Range(1, 180)

WinnerCount = Annotated[int, WINNERS.bound]
ReserveCount = Annotated[int, RESERVES.bound]
ObjectionDays = Annotated[int, OBJECTION_DAYS.bound]
ClaimDays = Annotated[int, CLAIM_DAYS.bound]
ShortlistSize = Annotated[int, SHORTLIST.bound]
BeaconWaitHours = Annotated[int, BEACON_WAIT_HOURS.bound]
Quorum = Annotated[int, QUORUM.bound]
