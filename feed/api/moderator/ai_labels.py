"""Endpoints that label posts as made by AI."""

import msgspec
from litestar import Router, delete, put
from litestar.params import FromPath

from feed.api.dependencies import InjectedAppState, InjectedViewer, path_id
from feed.moderation import ai_labels as actions
from feed.moderation.model import OwnSubject
from feed.posts.model import AiLabelSource, PostId, PostNotFound
from feed.screens.posts.cards import Id


class AiLabelCard(msgspec.Struct, frozen=True):
    """A post with its label."""

    post_id: Id
    ai_label: AiLabelSource | None


@put("/{post_id:str}/ai-label", errors=(PostNotFound, OwnSubject))
async def label_ai(post_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> AiLabelCard:
    """Label a post as made by AI. Its author is notified and cannot take the label away."""
    return await _change(app_state, viewer, post_id, labelled=True)


@delete("/{post_id:str}/ai-label", status_code=200, errors=(PostNotFound, OwnSubject))
async def unlabel_ai(post_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> AiLabelCard:
    """Take the label away from a post. Its author is notified."""
    return await _change(app_state, viewer, post_id, labelled=False)


async def _change(app_state: InjectedAppState, viewer: InjectedViewer, post_id: str, *, labelled: bool) -> AiLabelCard:
    id_ = PostId(path_id(post_id, PostNotFound))
    await actions.change_ai_label(
        app_state.pool, viewer.account_id, id_, labelled=labelled, announce=app_state.invalidate_posts
    )
    return AiLabelCard(str(id_), "reviewer" if labelled else None)


ai_labels = Router("/moderation/posts", route_handlers=[label_ai, unlabel_ai])
