"""Texts of seeded posts and comments: long and short, with and without a topic."""

from functools import lru_cache

import msgspec

from feed.posts.model import content_sha256
from feed.topics.parse import TopicMention, find_topics

_TOPICS = (
    "爱读书的深圳人", "鹏城四季", "周末去哪儿", "深圳早餐地图", "莲花山的风筝", "地铁上的人", "我的小区", "海边日落",
    "一人一座图书馆", "公园里的鸟", "夜跑打卡", "旧物新生", "毕业季", "台风天", "孩子的画", "加班夜宵",
)  # fmt: skip
_OPENINGS = (
    "今天在深圳图书馆坐了一整个下午，读完了那本放了半年的书。",
    "早上六点的莲花山，风很轻，放风筝的老人已经到了。",
    "下班路上下起了雨，便利店门口挤满了躲雨的人，大家都在笑。",
    "带孩子去了海边，他第一次看见退潮，追着小螃蟹跑了很远。",
    "楼下新开了一家肠粉店，老板说凌晨三点就开始磨米浆。",
    "地铁里有位姑娘站着读完了一整章，我也跟着安静下来。",
    "搬到这座城市第十年，第一次觉得这里像家乡。",
    "周末在大鹏徒步，走了十六公里，腿很酸，心里很亮。",
    "社区活动室的书架满了，谁家还有闲置的书可以来换一换。",
    "晚上十点的球场灯还亮着，少年们不肯回家。",
    "妈妈学会了发动态，第一张照片拍的是阳台上的三角梅。",
    "外卖小哥送餐时顺手帮我把门口的垃圾带走了，谢谢你。",
)  # fmt: skip
_ENDINGS = (
    "推荐给同样喜欢安静的你。",
    "明天还想再来一次，有没有一起的？",
    "拍得不好，但是那一刻很好。希望每个忙碌的人都能有这样一个下午：手机静音，窗外有风，手边有一杯还没凉的茶，"
    "什么也不用赶。",
    "",
    "你们那里呢？",
    "这座城市一直在变，好在有些东西没有变。",
    "记下来，留给以后的自己。",
    "生活就是由这些小事组成的，一件一件，攒起来就是一年。",
)  # fmt: skip
_COMMENTS = (
    "写得真好，明天也去看看", "太有同感了", "在哪里？求地址", "这张照片可以当壁纸了", "哈哈哈哈", "谢谢分享",
    "我也在深圳十年了，看哭了", "周末约起来", "孩子真可爱", "那本书我也读过，结尾很难忘",
    "每次路过都想进去，一直没有机会，看了你写的终于下定决心", "好", "收藏了", "下次带上我",
)  # fmt: skip


class Wording(msgspec.Struct, frozen=True):
    """A text with its topic mentions and hash, as stored with a revision."""

    text: str
    mentions: list[TopicMention]
    content_sha256: bytes


def topic_name(number: int) -> str:
    """The name of a topic; after the first ones a number is appended."""
    name = _TOPICS[number % len(_TOPICS)]
    return name if number < len(_TOPICS) else f"{name}{number // len(_TOPICS) + 1}"


@lru_cache(65_536)
def _wording(opening: int, topic: int | None, ending: int) -> Wording:
    mark = "" if topic is None else f"#{topic_name(topic)}# "
    text = f"{_OPENINGS[opening]}{mark}{_ENDINGS[ending]}"
    return Wording(text, find_topics(text), content_sha256(text, []))


def post_wording(number: int, topic: int | None) -> Wording:
    """The text of the post with this number."""
    return _wording(number * 5 % len(_OPENINGS), topic, number * 3 // 7 % len(_ENDINGS))


def comment_text(number: int) -> str:
    """The text of the comment with this number."""
    return _COMMENTS[number * 11 % len(_COMMENTS)]
