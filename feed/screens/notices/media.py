"""Notifications of photos and videos that cannot be shown."""

from feed.screens.notices.template import Template, Templates, Words

MEDIA: Templates = {
    "media.failed": Template(
        Words(
            "你的动态还不能显示",
            "第{place:count}张（共{count:count}张）图片未能处理，原因：{reason:reason_code}。更换或移除这张图片后，动态即可显示。",
        ),
        Words(
            "Your post cannot be shown yet",
            "Photo {place:count} of {count:count} could not be processed. Reason: {reason:reason_code}. "
            "The post is shown once you replace or remove it.",
        ),
    ),
    "media.failed_one": Template(
        Words(
            "你的动态还不能显示",
            "其中的图片或视频未能处理，原因：{reason:reason_code}。更换或移除后，动态即可显示。",
        ),
        Words(
            "Your post cannot be shown yet",
            "Its photo or video could not be processed. Reason: {reason:reason_code}. "
            "The post is shown once you replace or remove it.",
        ),
    ),
}
