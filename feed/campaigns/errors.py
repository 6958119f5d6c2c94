"""Errors of campaigns, each named for the state that was found."""

from feed.errors import Conflict, Forbidden, Invalid, NotFound


class CampaignNotFound(NotFound):
    """No such campaign, or a draft and the viewer is no editor."""


class RulesNotFound(NotFound):
    """The campaign has no such version of its rules."""


class BoardHidden(NotFound):
    """The rules show no board, or none until the campaign has closed; none from the freeze to the announcement, none of a draw."""


class EntryNotFound(NotFound):
    """The post is not in the campaign."""


class FactNotFound(NotFound):
    """No role or ban of this person held at the deadline, has ended since, and excludes anything."""


class VoidNotFound(NotFound):
    """The campaign has no such void."""


class CampaignIncomplete(Conflict, Invalid):
    """Fields that the law on prize promotions or the counting requires are missing; names each."""


class CampaignRunning(Conflict, Invalid):
    """After the opening only changes in favour of the participants are possible; names the other fields."""


class CampaignNotDraft(Conflict):
    """The campaign is published already."""


class CampaignIsDraft(Conflict):
    """The campaign is not published yet: its fields are changed directly."""


class CampaignEdited(Conflict):
    """Another editor has changed the campaign since the given version of its fields was read."""


class CampaignNotOpen(Conflict):
    """The campaign has not opened yet."""


class CampaignNotClosed(Conflict):
    """The campaign has not closed yet: users may still take part."""


class CampaignSettled(Conflict):
    """The sheet is frozen: the campaign, its entries, marks and voids change no more."""


class CampaignCancelled(Conflict):
    """The campaign was cancelled."""


class MarksLocked(Conflict):
    """The marks are locked: neither marks nor jurors can be changed."""


class MarksMissing(Conflict, Invalid):
    """Shortlisted entries without their quorum of marks."""


class ShortlistFull(Conflict):
    """The shortlist has as many entries as the rules allow."""


class JuryNeeded(Conflict):
    """The campaign has opened: its jury cannot be removed as a whole."""


class JurorTakesPart(Conflict, Invalid):
    """After the opening no participant can be put on the jury: the own entry and engagement would not count any more; names each."""


class JurorHasMarked(Conflict):
    """The juror has given a mark and cannot give up the seat any more; editors can remove the juror."""


class EntryNotShortlisted(Conflict):
    """The campaign has closed with a shortlist, and the entry is not on it."""


class RevisionStale(Conflict):
    """The entry has a newer revision than the one that the juror read."""


class EntryDisqualified(Conflict):
    """The entry is disqualified already."""


class EntryNotDisqualified(Conflict):
    """The entry is not disqualified."""


class NotAJuror(Forbidden):
    """The account is not a juror; or the campaign has no jury, and the account is no editor."""


class OwnEntry(Forbidden):
    """The juror, or another account of the same person, wrote the post."""


class JurorRecused(Forbidden):
    """The juror has declared a conflict of interest with the author."""


class PersonMarkedAlready(Forbidden):
    """Another account of the same person has marked the entry."""
