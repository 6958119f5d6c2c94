"""The dry run of new words."""

from itertools import count

from feed.screening.forms import form_of
from feed.screening.trial import harmless_texts, try_words
from feed.screening.word_list import Word, WordList
from feed.screening.words_model import WordIn, read_words

# Words as they are listed by sites like this one, of the kinds that are known to stop ordinary texts.
LISTED = """
赌博 博彩 代开发票 发票 口交 性交 色情 情色 黄片 法轮功 枪支 手枪 买枪 冰毒 大麻 毒品 迷药 裸聊 裸贷 约炮 嫖娼 卖淫 妓女 成人视频 成人电影
独立 台独 藏独 疆独 六合彩 私彩 刷单 刷赞 套现 高利贷 洗钱 假钞 办证 假证 传销 代孕 枪手 替考 答案出售 杀人 人肉搜索 自杀 炸弹 爆炸物 军火
海洛因 摇头丸 K粉 春药 催情 一夜情 援交 包养 兼职日结 加薇 加微信 赌场 下注 外围 裸照 偷拍 走私 翻墙 vpn 政变 事变 平台独 一次性 交易
"""


def test_a_realistic_list_stops_hardly_any_harmless_text() -> None:
    words = WordList([Word(term, form_of(term), "block", "illegal") for term in LISTED.split()])
    assert len(harmless_texts()) >= 300
    stopped = [text for text in harmless_texts() if words.find(text)]
    # What is stopped has the word itself in another sense, as 一次性 and 发票 have.
    assert len(stopped) <= len(harmless_texts()) * 0.03, stopped


def test_the_dry_run_ends_when_its_time_is_over() -> None:
    words, _ = read_words([WordIn("赌博", "block")])
    ticks = count()
    trial = try_words(words, ["去赌博"] * 1000, clock=lambda: float(next(ticks)), seconds=10)
    assert (trial.is_complete, trial.harmless, trial.recent) == (False, 10, 0)


def test_the_dry_run_counts_texts_and_not_hits() -> None:
    words, _ = read_words([WordIn("赌博", "block"), WordIn("公园", "allow")])
    trial = try_words(words, ["赌博赌博", "赌 博", "公园"], clock=lambda: 0.0)
    assert (trial.in_recent, trial.is_complete) == ({"赌博": 2}, True)
    assert trial.in_harmless == {}
