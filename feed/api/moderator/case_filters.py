"""Which cases a request selects: filters of the list and of leasing, which can be combined."""

from typing import Annotated

import msgspec

from feed.api.dependencies import field_id
from feed.api.state import AppState
from feed.cases.model import STAGES, CaseFilter, Kind
from feed.errors import FieldError, Invalid
from feed.ids import GivenId
from feed.links import LINK_MOST, LinkTarget
from feed.texts import RAW_PER_NORMALISED, opaque
from feed.topics import store as topics
from feed.topics.model import TOPIC_NAME
from feed.topics.parse import is_topic_name, topic_key

# Compared with the names of topics: what cannot be a name is none.
GivenTopic = Annotated[str, opaque(TOPIC_NAME.longest * RAW_PER_NORMALISED)]
GivenLink = Annotated[str, opaque(LINK_MOST)]


class CasesWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The filters, each as it is given."""

    stage: Annotated[int, STAGES.bound] | None = None
    kind: Kind | None = None
    campaign_id: GivenId | None = None
    topic: GivenTopic | None = None
    has_media: bool | None = None
    subject_id: GivenId | None = None
    author_id: GivenId | None = None
    link: GivenLink | None = None


async def read_filter(app_state: AppState, wanted: CasesWanted) -> CaseFilter:
    """The filter. Raises Invalid for an id that is none and for a link that leads to nothing on this site."""
    target = None if wanted.link is None else app_state.links.target(wanted.link)
    if wanted.link is not None and target is None:
        raise Invalid(FieldError("link", "not_found"))
    case_filter = CaseFilter(
        stage=wanted.stage,
        kind=wanted.kind,
        campaign_id=_id(wanted.campaign_id, "campaign_id"),
        topic_ids=await _topic_ids(app_state, wanted.topic),
        has_media=wanted.has_media,
        subject_id=_id(wanted.subject_id, "subject_id"),
        author_id=_id(wanted.author_id, "author_id"),
    )
    return case_filter if target is None else await _restricted_to(app_state, case_filter, target)


def filter_key(wanted: CasesWanted) -> str:
    """What distinguishes the lists of two filters: the cursor of one is none of the other. Spellings of a topic are one."""
    topic = wanted.topic
    # What cannot be a name is not normalised: it may be long.
    named = topic_key(topic) if topic is not None and is_topic_name(topic) else None
    return ":".join(map(str, msgspec.structs.astuple(msgspec.structs.replace(wanted, topic=named))))


async def _restricted_to(app_state: AppState, case_filter: CaseFilter, target: LinkTarget) -> CaseFilter:
    match target.kind:
        case "topic":
            return case_filter.restricted(topic_ids=await _topic_ids(app_state, target.id))
        case "campaign":
            return case_filter.restricted(campaign_id=_id(target.id, "link"))
        case "user":
            return case_filter.restricted(author_id=_id(target.id, "link"))
        case _:
            return case_filter.restricted(subject_id=_id(target.id, "link"))


def _id(raw: str | None, field: str) -> int | None:
    return None if raw is None else field_id(raw, field)


async def _topic_ids(app_state: AppState, name: str | None) -> list[int] | None:
    """The topic, with its aliases, to filter by; empty for an unknown one, which no case has."""
    if name is None:
        return None
    if not is_topic_name(name):
        return []
    async with app_state.pool.acquire() as conn:
        return await topics.list_ids_under(conn, topic_key(name))
