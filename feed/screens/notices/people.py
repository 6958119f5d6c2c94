"""Notifications of likes, comments and replies."""

from feed.screens.notices.template import Template, Templates, Words

PEOPLE: Templates = {
    "likes.unnamed": Template(
        Words("{count:count}人赞了你的动态", ""),
        Words("{count:people} liked your post", ""),
    ),
    "likes.one": Template(
        Words("{names:first}赞了你的动态", "{names:names}"),
        Words("{names:first} liked your post", "{names:names}"),
    ),
    "likes.named": Template(
        Words("{names:first}等{count:count}人赞了你的动态", "{names:names}"),
        Words("{names:first} and {count:others} liked your post", "{names:names}"),
    ),
    "likes.more": Template(
        Words("{names:first}等{count:count}人赞了你的动态", "{names:names}等{count:count}人"),
        Words("{names:first} and {count:others} liked your post", "{names:names} and others, {count:people} in all"),
    ),
    "comment": Template(
        Words("{name:quoted}评论了你的动态", "{text:prose}"),
        Words("{name:quoted} commented on your post", "{text:prose}"),
    ),
    "reply": Template(
        Words("{name:quoted}回复了你的评论", "{text:prose}"),
        Words("{name:quoted} replied to your comment", "{text:prose}"),
    ),
}
