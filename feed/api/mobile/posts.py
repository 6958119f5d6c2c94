"""Publishing, reading, editing, deleting and liking posts."""

from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from feed.api.answers import answers, encoded
from feed.api.inputs import GivenOnce, GivenReader, GivenViewer, GivenWorld, id_of
from feed.api.world import World
from feed.likes.model import Like, Liked
from feed.posts import actions
from feed.posts.actions import NewPost, PostChange
from feed.posts.model import PostId, PostNotFound
from feed.screens import cards
from feed.screens.cards import PostCard


@post("/", status_code=201, opt={"limit": "posts"}, responses=answers(PostCard, status=201))
async def publish_post(
    data: JSONBody[NewPost], world: GivenWorld, viewer: GivenViewer, once: GivenOnce
) -> Response[bytes]:
    """Publish a post. Visible at once, and queued for a look."""
    post_id = await actions.publish_post(world.pool, viewer.account_id, data, once)
    world.projector.touch([post_id])
    return encoded(await _post_card(world, post_id, viewer.account_id), status=201)


@get("/{post_id:str}", responses=answers(PostCard))
async def get_post(post_id: FromPath[str], world: GivenWorld, reader: GivenReader) -> Response[bytes]:
    """Read a post: anybody the published ones, authors their own."""
    viewer_id = reader.account_id if reader else None
    return encoded(await _post_card(world, id_of(post_id, PostNotFound), viewer_id), public=reader is None)


@patch("/{post_id:str}", responses=answers(PostCard))
async def edit_post(
    post_id: FromPath[str], data: JSONBody[PostChange], world: GivenWorld, viewer: GivenViewer
) -> Response[bytes]:
    """Edit one's own post: a new revision, the old ones stay."""
    id_ = PostId(id_of(post_id, PostNotFound))
    await actions.edit_post(world.pool, viewer.account_id, id_, data)
    world.projector.touch([id_])
    return encoded(await _post_card(world, id_, viewer.account_id))


@delete("/{post_id:str}")
async def delete_post(post_id: FromPath[str], world: GivenWorld, viewer: GivenViewer) -> None:
    """Delete one's own post."""
    id_ = PostId(id_of(post_id, PostNotFound))
    await actions.delete_post(world.pool, viewer.account_id, id_)
    world.projector.touch([id_])


@put("/{post_id:str}/like", opt={"limit": "likes"})
async def like_post(post_id: FromPath[str], world: GivenWorld, viewer: GivenViewer) -> Liked:
    """Like a post; a second time changes nothing."""
    return await _submit(world, Like(PostId(id_of(post_id, PostNotFound)), viewer.account_id))


@delete("/{post_id:str}/like", status_code=200, opt={"limit": "likes"})
async def unlike_post(post_id: FromPath[str], world: GivenWorld, viewer: GivenViewer) -> Liked:
    """Take a like back; a second time changes nothing."""
    return await _submit(world, Like(PostId(id_of(post_id, PostNotFound)), viewer.account_id, liked=False))


async def _submit(world: World, like: Like) -> Liked:
    liked = await world.likes.submit(like)
    world.projector.touch([like.post_id])
    return liked


async def _post_card(world: World, post_id: int, viewer_id: int | None) -> bytes:
    fragments = await world.pages.fragments([post_id])
    if not fragments or not cards.visible_to(fragments[0], viewer_id):
        raise PostNotFound
    liked = await world.pages.liked(viewer_id, [post_id]) if viewer_id is not None else set[int]()
    return cards.card(fragments[0], viewer_id, liked)


posts = Router("/posts", route_handlers=[publish_post, get_post, edit_post, delete_post, like_post, unlike_post])
