"""Why something cannot be done with a campaign; each refusal is named for the state that was found."""

from feed.errors import Conflict, Forbidden, Invalid, NotFound


class CampaignNotFound(NotFound):
    """No such campaign, or a draft and the asker is no editor."""


class RulesNotFound(NotFound):
    """The campaign has no such version of its rules."""


class BoardHidden(NotFound):
    """The rules show no board, or none until the campaign has closed; a draw never has one."""


class EntryNotFound(NotFound):
    """The post is not in the campaign."""


class VoidNotFound(NotFound):
    """The campaign has no such void."""


class CampaignIncomplete(Conflict, Invalid):
    """Something that the law on prize promotions or the counting requires is missing; names every field."""


class CampaignRunning(Conflict, Invalid):
    """After the opening only what favours the participants changes; names the fields that do not."""


class CampaignNotDraft(Conflict):
    """Published already."""


class CampaignNotOpen(Conflict):
    """The campaign has not opened yet."""


class CampaignNotClosed(Conflict):
    """Users may still act: what is judged is not complete."""


class CampaignSettled(Conflict):
    """The score sheet is frozen: no verdict is accepted any more."""


class CampaignCancelled(Conflict):
    """The campaign was cancelled."""


class MarksLocked(Conflict):
    """The marks are locked: no mark and no juror changes."""


class MarksMissing(Conflict, Invalid):
    """Shortlisted entries without their quorum of marks."""


class ShortlistFull(Conflict):
    """As many entries are shortlisted as the rules say."""


class SecondPersonRequired(Conflict):
    """It takes two people, and this is the first one again."""


class JuryNeeded(Conflict):
    """The campaign has opened: a jury that is named is not dissolved."""


class EntryNotShortlisted(Conflict):
    """The campaign has closed with a shortlist, and this entry is not on it: it is not marked."""


class RevisionStale(Conflict):
    """The entry has been rewritten since the juror read it."""


class EntryDisqualified(Conflict):
    """The entry is disqualified already."""


class EntryNotDisqualified(Conflict):
    """The entry competes."""


class NotAJuror(Forbidden):
    """Jurors are named, and this account is not one; or none are, and this account is no editor."""


class OwnEntry(Forbidden):
    """Nobody marks a post of one's own, whichever of one's accounts wrote it."""


class JurorRecused(Forbidden):
    """The juror has declared a conflict of interest with the author."""


class PersonMarkedAlready(Forbidden):
    """The same person has marked the entry by another account."""
