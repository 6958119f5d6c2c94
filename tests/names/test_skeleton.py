"""Names are compared by their look."""

import pytest

from feed.names.look_alikes import look_of
from feed.names.protected import protected_names
from feed.names.skeleton import latin_words, name_skeleton, skeleton

SAME = [
    (
        "官方",
        ["官 方", "官·方", "官\u200b方", "官\ufe0f方", "宫方", "菅方", "【官方】", "官⽅", "官。方", "官🔥方", "官_方"],
    ),
    ("深圳特区报", ["深圳特區報", "深 圳 特 区 报", "深圳特区报！", "琛圳特区报", "深圳持区报"]),
    (
        "admin",
        [
            "ADMIN",
            "ａｄｍｉｎ",
            "аdmin",
            "Αdmin",
            "adm1n",
            "admln",
            "adrnin",
            "ádmin",
            "𝓐𝓭𝓶𝓲𝓷",
            "ⓐⓓⓜⓘⓝ",
            "a.d.m.i.n",
            "@dmin",
            "ADM|N",
        ],
    ),
    ("official", ["0fficial", "OFFICIA1", "оffісіаl", "offici\u200dal", "ᴏꜰꜰɪᴄɪᴀʟ".replace("ᴀ", "a")]),
    ("编辑部", ["編輯部", "编揖部", "编 辑 部"]),
    # As Japanese writes them.
    ("读特", ["読特"]),
    ("鹏友圈", ["鵬友圏"]),
    ("已注销用户", ["已注銷用戸"]),
    ("己", ["已", "巳"]),
    ("日", ["曰"]),
]


@pytest.mark.parametrize(("name", "spelling"), [(name, each) for name, spellings in SAME for each in spellings])
def test_spellings_that_look_alike_have_one_skeleton(name: str, spelling: str) -> None:
    assert skeleton(spelling) == skeleton(name)
    assert protected_names().protects(spelling) == protected_names().protects(name)


def test_a_skeleton_is_its_own_skeleton() -> None:
    for name in (
        "小明",
        "Ⅷ號",
        "ﷺ",
        "ß",
        "İstanbul",
        "Ωmega",
        "㊙",
        "ᄀᆞᆨ",
        "한국",
        "Ａ１",
        "ー一丨",
        *(each for each, _ in SAME),
    ):
        assert skeleton(skeleton(name)) == skeleton(name)


def test_common_characters_keep_their_look() -> None:
    apart = "小明红花东西南北中山河海天地人王李张陈春夏秋冬图书馆学生市民朋友"
    assert len({look_of(each) for each in apart}) == len(apart)


def test_a_name_of_symbols_is_compared_by_the_symbols() -> None:
    assert skeleton("★☆") == ""
    assert name_skeleton("★☆") == "★☆"
    assert name_skeleton("★\u200b☆") == "★☆"


PROTECTED = [
    "官方", "深圳官方号", "我是官方人员", "管理员", "社区管理员小王", "读特客户端", "讀特", "编辑部的故事", "客服小美", "深圳特区报记者",
    "Admin", "admin小王", "小王Admin", "my-admin", "Adm1n123", "the Official", "OFFICIAL深圳", "Moderator1", "鹏友圈助手", "已注销用户",
    "本报记者王某", "系统通知", "工作人员07", "Root", "Support",
]  # fmt: skip
FREE = [
    "小明", "上官方明", "上官微", "badminton爱好者", "Badminton", "阅读特工队", "客服装店", "root蔬菜园", "方官", "读书特别好", "supporter",
    "市民1234", "officiate", "Systematic", "小编", "记者之家", "★☆", "用户12345678", "读者0007", "Roots",
]  # fmt: skip


@pytest.mark.parametrize("name", PROTECTED)
def test_names_of_the_paper_are_protected_anywhere_in_a_name(name: str) -> None:
    assert protected_names().protects(name)


@pytest.mark.parametrize("name", FREE)
def test_harmless_names_are_free(name: str) -> None:
    assert not protected_names().protects(name)


def test_the_site_adds_names_of_its_own() -> None:
    of_site = protected_names(["读创", "Daily Sun"])
    assert of_site.protects("讀创助手")
    assert of_site.protects("dai1y sun")
    assert not of_site.protects("daily sunday")
    listed = of_site.with_names(["晚报"], ["阿报"], ["晚报迷"])
    assert listed.protects("深圳晚报")
    assert listed.protects("阿报")
    assert not listed.protects("阿报哥")
    assert not listed.protects("晚报迷")
    assert listed.protects("晚报迷官方")


def test_words_in_latin_letters_end_at_other_letters_and_digits() -> None:
    assert skeleton("admin") in latin_words("小admin王") & latin_words("x admin-2") & latin_words("2admin")
    assert skeleton("admin") not in latin_words("badminton")
