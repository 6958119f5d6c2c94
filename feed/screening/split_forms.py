"""Words that are written in other signs to evade a list: 贝者 for 赌, p0rn for porn. Only what is no word itself."""

_PARTS = {
    "赌": "贝者",
    "贷": "代贝",
    "贩": "贝反",
    "购": "贝勾",
    "赚": "贝兼",
    "货": "化贝",
    "博": "十尃",
    "法": "氵去",
    "治": "氵台",
    "淫": "氵壬",
    "轮": "车仑",
    "功": "工力",
    "枪": "木仓",
    "彩": "采彡",
    "票": "西示",
    "信": "亻言",
    "债": "亻责",
    "假": "亻叚",
    "骗": "马扁",
    "裸": "衤果",
    "聊": "耳卯",
    "妓": "女支",
    "娼": "女昌",
    "嫖": "女票",
    "奸": "女干",
    "性": "忄生",
    "炸": "火乍",
    "炮": "火包",
    "弹": "弓单",
    "药": "艹约",
    "钱": "钅戋",
    "钞": "钅少",
    "链": "钅连",
    "约": "纟勺",
    "络": "纟各",
    "群": "君羊",
    "诈": "讠乍",
    "证": "讠正",
    "独": "犭虫",
    "政": "正攵",
    "袭": "龙衣",
    "吸": "口及",
    "股": "月殳",
    "矿": "石广",
    "站": "立占",
    "挖": "扌穴乙",
    "接": "扌妾",
}
# Digits that stand for Latin letters: p0rn.
_DIGITS = (("o", "0"), ("i", "1"), ("l", "1"), ("e", "3"), ("a", "4"), ("s", "5"))
_LATIN_LEAST = 3
_NUMERALS = str.maketrans("一二三四五六七八九", "123456789")
# More characters of one word are not written this way, and each doubles the forms.
_SPLIT_MOST = 3


def split_forms(form: str) -> list[str]:
    """The forms in which characters of a listed form are split, or numerals or Latin letters are digits; empty if none can be."""
    if form.isascii():
        return _with_digits(form)
    forms = [form]
    for character in [each for each in dict.fromkeys(form) if each in _PARTS][:_SPLIT_MOST]:
        forms += [each.replace(character, _PARTS[character]) for each in forms]
    with_digits = form.translate(_NUMERALS)
    # Two other characters at least: 六合彩 as 6合彩, and no word that would be a number.
    if with_digits != form and len(form) - sum(map(str.isdigit, with_digits)) > 1:
        forms.append(with_digits)
    return forms[1:]


def _with_digits(form: str) -> list[str]:
    """A Latin word with one of its letters written as a digit, wherever it is, and with all of them."""
    if len(form) < _LATIN_LEAST or not any("a" <= each <= "z" for each in form):
        return []
    forms = [form.replace(letter, digit) for letter, digit in _DIGITS if letter in form]
    everything = form
    for letter, digit in _DIGITS:
        everything = everything.replace(letter, digit)
    return [each for each in dict.fromkeys([*forms, everything]) if each != form and not each.isdigit()]
