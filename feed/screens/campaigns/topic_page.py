"""A topic with its open campaigns."""

import msgspec

from feed.postgres import Connection
from feed.screens.campaigns.lists import list_open_of_topics
from feed.screens.posts.cards import CampaignTag
from feed.screens.posts.topics import TopicCard, list_cards
from feed.topics import store as topics
from feed.topics.model import TopicNotFound


class TopicPage(TopicCard, frozen=True):
    """A topic, and the open campaigns on it or on one of its aliases, the first to end first, 20 at most."""

    campaigns: list[CampaignTag]


async def get_topic_page(conn: Connection, key: str) -> TopicPage:
    """The topic that a key resolves to. Raises TopicNotFound, also for one that is hidden or that no visible post has."""
    topic = await topics.find_resolved(conn, key)
    cards = await list_cards(conn, [] if topic is None else [topic.id])
    if topic is None or not cards:
        raise TopicNotFound
    campaigns = await list_open_of_topics(conn, topic.ids)
    return TopicPage(**msgspec.structs.asdict(cards[0]), campaigns=campaigns)
