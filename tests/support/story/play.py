"""The whole story, in which every operation is played."""

from datetime import datetime

from tests.support.story.comment_draw import draw_comments
from tests.support.story.draw import draw_lots, enter_draw, hand_over_tickets
from tests.support.story.judging import judge
from tests.support.story.moderation import review
from tests.support.story.newsroom import prepare
from tests.support.story.prizes import destroy, hand_out
from tests.support.story.readers import take_part
from tests.support.story.results import decide
from tests.support.story.servers import hear_servers
from tests.support.story.stage import Stage

PUBLIC_URL = "https://feed.example"
# Before the first chapter.
BEGINS = datetime.fromisoformat("2026-08-19T00:00:00+08:00")


async def play(stage: Stage) -> None:
    """Plays all chapters."""
    campaign, draw = await prepare(stage)
    readers = await take_part(stage, campaign)
    await review(stage, readers)
    await enter_draw(stage)
    await draw_lots(stage, draw)
    await hand_over_tickets(stage, draw)
    await judge(stage, campaign, readers)
    await decide(stage, campaign, readers)
    await hand_out(stage, campaign, readers)
    await draw_comments(stage)
    await hear_servers(stage)
    await destroy(stage, campaign)
