"""Endpoints that publish, read, edit and delete posts."""

from functools import partial
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from feed.accounts.model import Banned, Muted, PhoneNotVerified
from feed.api.dependencies import (
    InjectedAppState,
    InjectedKeyedRequest,
    InjectedReader,
    InjectedRegion,
    InjectedViewer,
    path_id,
    query_ids,
)
from feed.api.responses import PRIVATE, json_response, response_specs
from feed.media.model import MediaInUse, MediaNotReady
from feed.pagination import Page
from feed.posts import actions
from feed.posts.actions import Draft
from feed.posts.model import (
    AiLabelKept,
    NewPost,
    NotYourPost,
    PostAnnouncesDraw,
    PostChange,
    PostId,
    PostNotEditable,
    PostNotFound,
)
from feed.screens.posts import revisions
from feed.screens.posts.cards import PostCard
from feed.screens.posts.revisions import RevisionItem
from feed.screens.posts.written import WrittenPost, written_post

POSTS_AT_ONCE = 50
# Longer than so many ids, so that the message about their number can be specific.
Ids = Annotated[
    str | None,
    QueryParameter(max_length=2_000, description=f"Ids of posts, separated by commas; at most {POSTS_AT_ONCE}."),
]


@post(
    "/",
    status_code=201,
    responses=response_specs(WrittenPost, status=201),
    errors=(
        Banned,
        Muted,
        PhoneNotVerified,
        PostNotFound,
        MediaInUse,
        MediaNotReady,
    ),
    limit="posts",
    fast_path=True,
)
async def publish_post(
    data: JSONBody[NewPost],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
    region: InjectedRegion,
) -> Response[bytes]:
    """Publish a post. It is queued for review, and visible once its photos and videos are ready, at once or after its approvals (`state`, `review`). `topics_dropped` names topics of its text that it does not have."""
    await app_state.verified.require(viewer.account_id)
    draft = Draft.checked(viewer.account_id, data, keyed_request, region)
    post_id = await app_state.posts.submit(
        draft.judged(*app_state.check("post", draft.content.text), editorial_chain=app_state.site_terms.editorial_chain)
    )
    return json_response(written_post(await app_state.pages.post(post_id, viewer.account_id)), status=201)


@get("/", responses=response_specs(Page[PostCard]), needs=("ids",))
async def list_posts(app_state: InjectedAppState, reader: InjectedReader, ids: Ids = None) -> Response[bytes]:
    """Several posts, in the order of the request. Those that the viewer may not see are left out."""
    viewer_id = reader.account_id if reader else None
    body = await app_state.pages.posts(query_ids(ids, "ids", most=POSTS_AT_ONCE), viewer_id)
    return json_response(body, public=reader is None)


@get("/{post_id:str}", responses=response_specs(PostCard), errors=(PostNotFound,), conditional=True)
async def get_post(post_id: FromPath[str], app_state: InjectedAppState, reader: InjectedReader) -> Response[bytes]:
    """A post. Unpublished ones are visible to their author only."""
    viewer_id = reader.account_id if reader else None
    return json_response(await app_state.pages.post(path_id(post_id, PostNotFound), viewer_id), public=reader is None)


class Revisions(msgspec.Struct, frozen=True):
    """The versions of a post's text."""

    items: list[RevisionItem]


@get("/{post_id:str}/revisions", errors=(PostNotFound, NotYourPost))
async def list_revisions(
    post_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[Revisions]:
    """The versions of a post's text, the newest first, at most a hundred; for its author and staff. Some may be by a reviewer."""
    async with app_state.pool.acquire() as conn:
        items = await revisions.list_revisions(
            conn, path_id(post_id, PostNotFound), viewer.account_id, app_state.granted
        )
    return Response(Revisions(items), headers={"cache-control": PRIVATE})


@patch(
    "/{post_id:str}",
    responses=response_specs(WrittenPost),
    errors=(
        PostNotFound,
        NotYourPost,
        PostNotEditable,
        PostAnnouncesDraw,
        AiLabelKept,
        MediaInUse,
        MediaNotReady,
        Banned,
        Muted,
        PhoneNotVerified,
    ),
)
async def edit_post(
    post_id: FromPath[str], data: JSONBody[PostChange], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[bytes]:
    """Edit a post of the viewer. It gets a new revision; others see the approved one until the new one is approved. `topics_dropped` is as for publishing."""
    id_ = PostId(path_id(post_id, PostNotFound))
    await app_state.verified.require(viewer.account_id)
    await actions.edit_post(
        app_state.pool,
        viewer.account_id,
        id_,
        data,
        check=partial(app_state.check, "post"),
        editorial_chain=app_state.site_terms.editorial_chain,
        announce=app_state.invalidate_posts,
    )
    return json_response(written_post(await app_state.pages.post(id_, viewer.account_id)))


@delete(
    "/{post_id:str}",
    errors=(
        PostNotFound,
        NotYourPost,
        PostAnnouncesDraw,
    ),
)
async def delete_post(post_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> None:
    """Delete a post of the viewer."""
    id_ = PostId(path_id(post_id, PostNotFound))
    await actions.delete_post(app_state.pool, viewer.account_id, id_, announce=app_state.invalidate_posts)


posts = Router("/posts", route_handlers=[publish_post, list_posts, get_post, list_revisions, edit_post, delete_post])
