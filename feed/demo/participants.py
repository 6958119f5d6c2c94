"""The participants: newsroom, jury, authors, readers, and accounts that cheat."""

import random

import msgspec


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A participant before the first request; without a phone not a verified person."""

    key: str
    name: str
    phone: str | None
    roles: tuple[str, ...] = ()


def _phone(number: int) -> str:
    return f"+86138001{number:05d}"


EDITOR, OTHER_EDITOR, REVIEWER = "editor", "other editor", "reviewer"
JUROR, WRITING_JUROR = "juror", "writing juror"
CHEAT, SPAMMER, COLLEAGUE = "cheat", "spammer", "colleague"

_NEWSROOM = (
    Role(key=EDITOR, name="陈思远", phone=_phone(1), roles=("editor",)),
    Role(key=OTHER_EDITOR, name="林晓彤", phone=_phone(2), roles=("editor",)),
    Role(key=REVIEWER, name="周敏", phone=_phone(3), roles=("reviewer",)),
    Role(key=COLLEAGUE, name="许文涛", phone=_phone(4), roles=("reviewer",)),
    # Jurors need no role: they are assigned to the campaign.
    Role(key=JUROR, name="何静之", phone=_phone(5)),
    Role(key=WRITING_JUROR, name="罗一舟", phone=_phone(6)),
)

# Authors, in the order of feed.demo.texts.
WRITERS = (
    "吴秀兰", "黄嘉豪", "李梓萱", "张国强", "阿May在深圳", "王雅琴", "刘子轩", "郑佩珊", "孙立新", "曾小满",
    "赖德明", "叶知秋", "谢雨桐", "邓志伟", "蔡依琳娜", "潘建国", "范若溪", "钟伟杰", "廖晨曦", "戴明远",
    "方晓晴", "石磊", "苏婉清", "彭家俊", "江一帆", "董思琪", "卢海生", "贾春华",
)  # fmt: skip
# Readers, who like and comment.
_READERS = (
    "梁咏诗",
    "宋博文",
    "韩梅",
    "唐果",
    "冯子墨",
    "程心怡",
    "魏大勇",
    "吕佳宁",
    "丁一鸣",
    "沈沐阳",
    "姚丽华",
    "朱小北",
)

_SURNAMES = "赵钱周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = (
    "子涵", "欣怡", "浩然", "宇轩", "诗琪", "雨泽", "梦洁", "俊熙", "思远", "佳怡",
    "文博", "晓雯", "建华", "丽娟", "志强", "秀英", "海涛", "小燕", "振宇", "美玲",
)  # fmt: skip
CROWD = 72

PHONES_OF_ONE = 5
UNVERIFIED = 3


def all_participants() -> list[Role]:
    """All participants, each with a distinct phone where the demo needs no shared one."""
    writers = [Role(key=name, name=name, phone=_phone(100 + i)) for i, name in enumerate(WRITERS)]
    readers = [Role(key=name, name=name, phone=_phone(200 + i)) for i, name in enumerate(_READERS)]
    names = random.Random(2026)  # noqa: S311 (the same participants in each run)
    crowd = [
        Role(key=f"crowd {i}", name=names.choice(_SURNAMES) + names.choice(_GIVEN), phone=_phone(300 + i))
        for i in range(CROWD)
    ]
    cheat = Role(key=CHEAT, name="赵小刀", phone=_phone(900))
    return [*_NEWSROOM, *writers, *readers, *crowd, cheat, *_helpers_of(cheat)]


def _helpers_of(cheat: Role) -> list[Role]:
    """The accounts of the cheat: a second one on the author's phone, five on one phone, some without a phone, a spammer."""
    return [
        Role(key="second self", name="小刀不是刀", phone=cheat.phone),
        *(Role(key=f"one phone {i}", name=f"热心读者{i + 1}号", phone=_phone(901)) for i in range(PHONES_OF_ONE)),
        *(Role(key=f"unverified {i}", name=f"路人{i + 1}", phone=None) for i in range(UNVERIFIED)),
        Role(key=SPAMMER, name="加微信送好礼", phone=_phone(902)),
    ]


def readers_who_engage() -> list[str]:
    """The keys of the readers who like and comment honestly."""
    return [*WRITERS, *_READERS, *(f"crowd {i}" for i in range(CROWD))]
