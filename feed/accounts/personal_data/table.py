"""An entry of the register of personal data, and the reasons that several entries share."""

from typing import NamedTuple


class PersonalTable(NamedTuple):
    """A table with data of people. Columns are named in strings, separated by spaces.

    `of`: the columns with the account whose data a row is; empty where rows belong to several accounts or none.
    `removed`: erasure deletes the row. `emptied`: erasure replaces the value by nothing, or by a neutral one.
    `ids`: the id of an account, or what refers to one; it stays, as the account's row says nothing of a person any more.
    `hashes`: a keyed hash stays. `kept`: the value stays. `because`: why it stays, and how long.
    `neutral`: columns that could hold such data by their type and do not.
    `not_exported`: why an export leaves the rows of the account out; empty if it holds them.
    """

    name: str
    of: str = ""
    removed: str = ""
    emptied: str = ""
    ids: str = ""
    hashes: str = ""
    kept: str = ""
    neutral: str = ""
    not_exported: str = ""
    because: str = ""

    @property
    def columns(self) -> set[str]:
        """The columns that refer to or come from a person."""
        return set(" ".join([self.removed, self.emptied, self.ids, self.hashes, self.kept]).split())


OFFICE = "acts in an office, which name the account by its id only"
RECORD = (
    "records of campaigns and prizes: two years after the end, and results for good, with ids and keyed hashes only"
)
DECIDED = "decisions, so that they can be explained: the id only"
HASH = "until the campaigns that ran at the erasure are final and no sanction of the person is in force"
HOURS = "removed by a job after a day"
