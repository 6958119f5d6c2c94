"""The pages of 鹏友圈: lists of posts, a post, topics, people, and writing."""

from typing import Any

from feed.api.pages.community.comments import (
    change_comment,
    edit_comment,
    show_comment,
    show_comment_edit,
    write_comment,
)
from feed.api.pages.community.feeds import show_hot, show_latest, show_videos
from feed.api.pages.community.likes import like_post, unlike_post
from feed.api.pages.community.own_posts import delete_post, show_delete, show_revisions
from feed.api.pages.community.people import block, mute, show_user, unblock, unmute
from feed.api.pages.community.posts import show_post
from feed.api.pages.community.topics import show_topic, show_topics
from feed.api.pages.community.uploads import begin_upload, complete_upload, upload_photo
from feed.api.pages.community.write import edit_post, show_edit, show_write, write_post

ROUTES: tuple[Any, ...] = (
    show_latest,
    show_hot,
    show_videos,
    show_topics,
    show_topic,
    show_user,
    mute,
    unmute,
    block,
    unblock,
    show_post,
    show_delete,
    delete_post,
    show_revisions,
    show_write,
    write_post,
    show_edit,
    edit_post,
    upload_photo,
    begin_upload,
    complete_upload,
    like_post,
    unlike_post,
    write_comment,
    show_comment,
    show_comment_edit,
    edit_comment,
    change_comment,
)
