"""Labels of posts whose photos or videos say in their metadata that AI has made them."""

from feed.moderation.ai_labels import change_ai_label
from feed.postgres import Pool
from feed.posts.actions import Draft, edit_post, publish_posts
from feed.posts.media import release_ready_posts
from feed.posts.model import AiLabelKept, NewPost, PostChange, PostId
from tests.support import make, make_media


async def publish(pool: Pool, author: int, media_id: int, *, declared: bool = False) -> PostId:
    new = NewPost(media_ids=[str(media_id)], ai_generated=declared)
    [found] = await publish_posts(pool, [Draft.checked(author, new)])  # type: ignore[arg-type]
    assert isinstance(found, int), found
    return PostId(found)


async def label(pool: Pool, post_id: int) -> str | None:
    found: str | None = await pool.fetchval(
        "SELECT CASE WHEN ai_generated THEN coalesce(ai_label_source, 'declared') END FROM posts WHERE id = $1", post_id
    )
    return found


async def change(pool: Pool, author: int, post_id: PostId, **members: object) -> bool:
    """Whether the author may."""
    try:
        await edit_post(pool, author, post_id, PostChange(**members))  # type: ignore[arg-type]
    except AiLabelKept:
        return False
    return True


async def test_a_post_is_labelled_by_the_metadata_of_its_photo_for_good(pool: Pool) -> None:
    author, reviewer = await make.account(pool), await make.person(pool, role="reviewer")
    for declared in (False, True):
        post_id = await publish(
            pool, author, await make_media.medium(pool, author, ai_source="declared_ai"), declared=declared
        )
        assert await label(pool, post_id) == "metadata"
        assert not await change(pool, author, post_id, ai_generated=False)
        # Another photo instead: what others have seen was made by AI.
        assert await change(pool, author, post_id, media_ids=[str(await make_media.medium(pool, author))])
        assert await label(pool, post_id) == "metadata"
        await change_ai_label(pool, reviewer, post_id, labelled=False)
        assert await label(pool, post_id) is None
        assert await change(pool, author, post_id, text="reviewers decide")
        assert await label(pool, post_id) is None
    assert await label(pool, await publish(pool, author, await make_media.medium(pool, author))) is None


async def test_an_edit_that_brings_such_a_photo_labels_when_it_is_shown(pool: Pool) -> None:
    author = await make.account(pool)
    post_id = await publish(pool, author, await make_media.medium(pool, author))
    second = await make_media.medium(pool, author, ai_source="composite_ai")
    await edit_post(pool, author, post_id, PostChange(media_ids=[str(second)]), stages=1)
    assert await label(pool, post_id) is None
    third = await make_media.medium(pool, author, ai_source="composite_ai")
    assert await change(pool, author, post_id, media_ids=[str(third)], ai_generated=False)
    assert await label(pool, post_id) == "metadata"


async def test_a_photo_that_becomes_ready_labels_the_post_with_its_showing(pool: Pool) -> None:
    author = await make.account(pool)
    media_id = await make_media.medium(pool, author, state="processing")
    post_id = await publish(pool, author, media_id)
    assert await label(pool, post_id) is None
    await pool.execute(
        """
        UPDATE media SET state = 'ready', width = 8, height = 6, ready_at = now(), ai_source = 'declared_ai',
            renditions = '[{"name": "full", "file": "f.webp", "content_type": "image/webp", "width": 8, "height": 6, "byte_count": 9}]'
        WHERE id = $1
        """,
        media_id,
    )
    await release_ready_posts(pool, [media_id])
    assert await label(pool, post_id) == "metadata"
