"""The messages of errors about photos, videos and uploads by code, in Chinese and English."""

MEDIA_MESSAGES: dict[str, tuple[str, str]] = {
    "cover_fixed": (
        "视频开始处理后不能再选封面",
        "The cover is chosen before the video is processed.",
    ),
    "file_too_large": (
        "文件过大：直接上传最大 20 MB，更大的文件请分片上传",
        "The file is too large: 20 MB at most in one request. Longer ones are uploaded in parts.",
    ),
    "media_in_use": (
        "该图片或视频已被使用，每个文件只能使用一次",
        "This photo or video is in use already: each one is used once.",
    ),
    "media_not_found": ("没有找到该图片或视频", "There is no such photo or video."),
    "media_not_ready": ("该图片或视频还在处理，或处理失败", "The photo or video is not ready, or cannot be processed."),
    "purge_not_dead": ("只有已放弃的清除请求可以重试", "Only a purge that was given up can be retried."),
    "purge_not_found": ("没有找到该清除请求", "There is no such purge."),
    "not_multipart": (
        "请求体须为未压缩的 multipart/form-data",
        "The body must be multipart/form-data, without compression.",
    ),
    "part_mismatch": (
        "有分片与申报的不一致，请重新上传该分片",
        "A part is not the one that was announced: send it again.",
    ),
    "storage_unavailable": (
        "图片和视频服务暂时不可用，请稍后再试",
        "Photos and videos are not available now: please try again soon.",
    ),
    "too_many_unused": (
        "已上传但未使用的图片和视频过多，请先使用或者删除",
        "Too many photos and videos are used for nothing yet: use or delete some of them first.",
    ),
    "unsupported_media": (
        "不支持该文件，请上传 JPEG、PNG、WebP、HEIC、AVIF、GIF 图片或 MP4、MOV、WebM 视频",
        "The file is none of the accepted ones: JPEG, PNG, WebP, HEIC, AVIF, GIF; MP4, MOV, WebM.",
    ),
    "upload_expired": ("上传已过期，请重新上传", "The upload has expired: begin it anew."),
    "upload_incomplete": ("还有分片没有传完", "Parts of the file have not arrived yet."),
    "upload_not_granted": (
        "上传地址无效或已过期，请重新获取",
        "The address of this upload is invalid or has expired: ask for it again.",
    ),
    "upload_quota_reached": (
        "今日上传量已达上限，请明天再试",
        "You have uploaded as much as is possible in one day: please try again tomorrow.",
    ),
}

# What a client does about them, where their status does not say it; the keywords are those of docs/reference/errors.md.
MEDIA_ADVICE = {
    "file_too_large": "correct",
    "media_not_found": "drop",
    "part_mismatch": "reload",
    "too_many_unused": "tell",
    "unsupported_media": "correct",
    "upload_expired": "tell",
    "upload_not_granted": "reload",
    "upload_quota_reached": "tell",
}
