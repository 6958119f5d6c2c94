"""The participants: newsroom, jury, authors, readers, and accounts that cheat."""

import random

import msgspec

from feed.demo.script import Script


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
CHEAT, SPAMMER, COLLEAGUE, CHIEF = "cheat", "spammer", "colleague", "chief"

_NEWSROOM = (
    (EDITOR, "editor"),
    (OTHER_EDITOR, "editor"),
    (CHIEF, "editor"),
    (REVIEWER, "reviewer"),
    (COLLEAGUE, "reviewer"),
)
# Who signs what the newsroom publishes, by stage: 编辑, 审读, 二审, 三审.
SIGNERS = (EDITOR, COLLEAGUE, OTHER_EDITOR, CHIEF)
# Jurors need no role: they are assigned to the campaign.
_JURORS = (JUROR, WRITING_JUROR)

# Whose likes and comments do not count.
STAFF = (*(key for key, _ in _NEWSROOM), *_JURORS)

# The keys of the authors.
WRITERS = (
    "吴秀兰", "黄嘉豪", "李梓萱", "张国强", "阿May在深圳", "王雅琴", "刘子轩", "郑佩珊", "孙立新", "曾小满",
    "赖德明", "叶知秋", "谢雨桐", "邓志伟", "蔡依琳娜", "潘建国", "范若溪", "钟伟杰", "廖晨曦", "戴明远",
    "方晓晴", "石磊", "苏婉清", "彭家俊", "江一帆", "董思琪", "卢海生", "贾春华",
)  # fmt: skip
# The keys of the readers, who like and comment.
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

CROWD = 72

PHONES_OF_ONE = 5
UNVERIFIED = 3


def all_participants(script: Script) -> list[Role]:
    """All participants, each with a distinct phone where the demo needs no shared one."""
    newsroom = [
        Role(key=key, name=script.name_of(key), phone=_phone(number), roles=(role,))
        for number, (key, role) in enumerate(_NEWSROOM, 1)
    ]
    jurors = [Role(key=key, name=script.name_of(key), phone=_phone(10 + i)) for i, key in enumerate(_JURORS)]
    writers = [Role(key=key, name=script.name_of(key), phone=_phone(100 + i)) for i, key in enumerate(WRITERS)]
    readers = [Role(key=key, name=script.name_of(key), phone=_phone(200 + i)) for i, key in enumerate(_READERS)]
    chance = random.Random(2026)  # noqa: S311 (the same participants in each run)
    crowd = [
        Role(
            key=f"crowd {i}",
            name=chance.choice(script.surnames) + script.word_space + chance.choice(script.given_names),
            phone=_phone(300 + i),
        )
        for i in range(CROWD)
    ]
    cheat = Role(key=CHEAT, name=script.name_of(CHEAT), phone=_phone(900))
    return [*newsroom, *jurors, *writers, *readers, *crowd, cheat, *_helpers_of(cheat, script)]


def _helpers_of(cheat: Role, script: Script) -> list[Role]:
    """The accounts of the cheat: a second one on the author's phone, five on one phone, some without a phone, a spammer."""

    def numbered(key: str, number: int) -> str:
        return f"{script.name_of(key)}{script.word_space}{number + 1}"

    return [
        Role(key="second self", name=script.name_of("second self"), phone=cheat.phone),
        *(Role(key=f"one phone {i}", name=numbered("one phone", i), phone=_phone(901)) for i in range(PHONES_OF_ONE)),
        *(Role(key=f"unverified {i}", name=numbered("unverified", i), phone=None) for i in range(UNVERIFIED)),
        Role(key=SPAMMER, name=script.name_of(SPAMMER), phone=_phone(902)),
    ]


def readers_who_engage() -> list[str]:
    """The keys of the readers who like and comment honestly."""
    return [*WRITERS, *_READERS, *(f"crowd {i}" for i in range(CROWD))]
