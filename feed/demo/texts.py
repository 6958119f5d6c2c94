"""The posts of the demo, and the engagement planned for each; their texts are in `texts_zh` and `texts_en`."""

import msgspec

from feed.demo.participants import CHEAT, EDITOR, WRITING_JUROR


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A post with its planned likes and comments, and the marks of the two jurors if it is shortlisted."""

    key: str
    author: str
    likes: int
    commenters: int
    marks: tuple[int, int] | None = None


# Moments that later chapters refer to.
BEST, TWICE_A, TWICE_B, THIRD = "best", "twice a", "twice b", "third"
POPULAR, JURORS_OWN, CHEATS = "popular", "juror's own", "cheat's"
EDITED, DELETED, REMOVED, RESTORED = "edited", "deleted", "removed", "restored"
# With a photo that was taken upright, and with a video.
UPRIGHT, FILMED = "leaf", "rain"

MOMENTS = (
    Moment(key=BEST, author="吴秀兰", likes=38, commenters=14, marks=(95, 97)),
    Moment(key=TWICE_A, author="黄嘉豪", likes=52, commenters=18, marks=(92, 91)),
    Moment(key=TWICE_B, author="黄嘉豪", likes=26, commenters=8, marks=(94, 92)),
    Moment(key=THIRD, author="李梓萱", likes=30, commenters=9, marks=(88, 87)),
    Moment(key="fourth", author="张国强", likes=26, commenters=8, marks=(85, 83)),
    Moment(key=POPULAR, author="阿May在深圳", likes=92, commenters=21, marks=(52, 58)),
    Moment(key="balcony", author="王雅琴", likes=22, commenters=6, marks=(80, 78)),
    Moment(key="delivery", author="刘子轩", likes=34, commenters=7, marks=(74, 79)),
    Moment(key=JURORS_OWN, author=WRITING_JUROR, likes=58, commenters=12),
    Moment(key="grandpa", author="郑佩珊", likes=19, commenters=5),
    Moment(key="library", author="孙立新", likes=17, commenters=4),
    Moment(key=FILMED, author="曾小满", likes=15, commenters=3),
    Moment(key="cantonese", author="赖德明", likes=14, commenters=3),
    Moment(key=UPRIGHT, author="叶知秋", likes=13, commenters=2),
    Moment(key="exam", author="谢雨桐", likes=12, commenters=3),
    Moment(key="code", author="邓志伟", likes=16, commenters=4),
    Moment(key="swap", author="蔡依琳娜", likes=11, commenters=2),
    Moment(key="poem", author="潘建国", likes=18, commenters=4),
    Moment(key="beach", author="范若溪", likes=10, commenters=2),
    Moment(key="taxi", author="钟伟杰", likes=20, commenters=5),
    Moment(key="dawn", author="廖晨曦", likes=9, commenters=1),
    Moment(key=RESTORED, author="戴明远", likes=12, commenters=2),
    Moment(key="bedtime", author="方晓晴", likes=15, commenters=3),
    Moment(key="stone", author="石磊", likes=14, commenters=3),
    Moment(key=EDITED, author="苏婉清", likes=8, commenters=1),
    Moment(key=DELETED, author="彭家俊", likes=3, commenters=0),
    Moment(key=REMOVED, author="江一帆", likes=2, commenters=0),
    Moment(key=CHEATS, author=CHEAT, likes=0, commenters=0),
)

# The authors of posts outside of the campaign: the second one has another topic, the third one halves of the topic.
OFF_TOPIC = ("董思琪", "卢海生", "贾春华", "宋博文")

# The scenes of the photos by moment, in the order in which the post shows them.
PHOTOS = {
    BEST: ("shelf",),
    POPULAR: ("tea", "window", "book", "leaf", "shelf", "desk", "skyline", "sea", "night"),
    "balcony": ("desk",),
    UPRIGHT: ("leaf",),
    "dawn": ("sea",),
    DELETED: ("blurred",),
    REMOVED: ("poster",),
}

# Photos that are in no post: whose they are, and their scene.
AVATAR, COVER, PRIZE = "avatar", "cover", "prize"
OTHER_PHOTOS = {AVATAR: ("吴秀兰", "cat"), COVER: (EDITOR, "skyline"), PRIZE: (EDITOR, "box")}
