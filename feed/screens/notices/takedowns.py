"""Notifications of takedowns."""

from feed.screens.notices.template import Template, Templates, Words

TAKEDOWNS: Templates = {
    "takedown.item": Template(
        Words(
            "你的{subject:subject}已停止展示",
            "原因：{reason:reason_code}。其他人已看不到这条{subject:subject}。",
        ),
        Words(
            "Your {subject:subject} was taken down",
            "Reason: {reason:reason_code}. Others no longer see this {subject:subject}.",
        ),
    ),
    "takedown.item_lifted": Template(
        Words(
            "对你的{subject:subject}的停止展示已撤销",
            "如无其他限制，其他人现在可以看到这条{subject:subject}。",
        ),
        Words(
            "The takedown of your {subject:subject} was withdrawn",
            "Others see this {subject:subject} again, unless something else hides it.",
        ),
    ),
    "takedown.user": Template(
        Words(
            "你的主页和内容已停止展示",
            "原因：{reason:reason_code}。其他人已看不到你的主页、动态和评论，包括此后发布的内容。",
        ),
        Words(
            "Your profile and all you have written were taken down",
            "Reason: {reason:reason_code}. Others no longer see your profile, posts and comments, nor what you write from now on.",
        ),
    ),
    "takedown.user_lifted": Template(
        Words(
            "对你主页和内容的停止展示已撤销",
            "如无其他限制，其他人现在可以看到你的主页、动态和评论。",
        ),
        Words(
            "The takedown of your profile was withdrawn",
            "Others see your profile, posts and comments again, unless something else hides them.",
        ),
    ),
    "takedown.topic": Template(
        Words(
            "你的动态已停止展示",
            "动态所带的话题已被停止使用，原因：{reason:reason_code}。其他人已看不到你带有该话题的动态。",
        ),
        Words(
            "Posts of yours were taken down",
            "Their topic is no longer in use. Reason: {reason:reason_code}. Others no longer see your posts with this topic.",
        ),
    ),
    "takedown.topic_lifted": Template(
        Words(
            "对你动态的停止展示已撤销",
            "动态所带的话题已恢复使用。如无其他限制，其他人现在可以看到你带有该话题的动态。",
        ),
        Words(
            "The takedown of your posts was withdrawn",
            "Their topic is in use again. Others see your posts with this topic, unless something else hides them.",
        ),
    ),
    "takedown.image": Template(
        Words(
            "你的动态已停止展示",
            "动态中的图片或视频已被停止使用，原因：{reason:reason_code}。其他人已看不到你含有它的动态。",
        ),
        Words(
            "Posts of yours were taken down",
            "A picture or video in them is no longer allowed. Reason: {reason:reason_code}. Others no longer see your posts with it.",
        ),
    ),
    "takedown.image_lifted": Template(
        Words(
            "对你动态的停止展示已撤销",
            "动态中的图片或视频已恢复使用。如无其他限制，其他人现在可以看到你含有它的动态。",
        ),
        Words(
            "The takedown of your posts was withdrawn",
            "The picture or video in them is allowed again. Others see your posts with it, unless something else hides them.",
        ),
    ),
}
