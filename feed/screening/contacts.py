"""Links, phone numbers, solicitation to other services, and numbers of identity and bank cards in a text. Each is held for review."""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence

from feed.screening.forms import spelled
from feed.screening.model import Label

# Forms that occur in every text with a link or a solicitation.
HINTS = (
    *(
        "http",
        "www",
        "com",
        "cn",
        "net",
        "org",
        "top",
        "xyz",
        "vip",
        "cc",
        "shop",
        "club",
        "site",
        "online",
        "icu",
        "info",
    ),
    *("微信", "薇信", "威信", "徽信", "v信", "加v", "加薇", "加微", "vx", "wx", "wechat", "weixin"),
    *("qq", "扣扣", "加q", "企鹅号", "q群", "扣群", "电报群", "telegram", "whatsapp"),
)
_TOP = "com|cn|net|org|top|xyz|vip|cc|shop|club|site|online|icu|info"
_DOT = "(?:[.。．]|点|dot)"
# Over the width-folded text, whose positions are those of the text.
_LINK = re.compile(
    rf"https?[:：]\s?//[^\s，。！、）]{{2,200}}|www\s?{_DOT}\s?[a-z0-9-]{{1,63}}[^\s，。！、）]{{0,200}}"
    rf"|(?<![a-z0-9@._-])(?:[a-z0-9][a-z0-9-]{{0,62}}\s?{_DOT}\s?){{1,4}}(?:{_TOP})(?![a-z0-9])(?:[/?][^\s，。！、）]{{0,200}})?"
)
_DIGITS = str.maketrans("〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖两", "0012345678911234567892")
_DIGIT = "0-9〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖两"
# A quick look whether a form has enough digits in a row; the details follow on the translated form.
MANY_DIGITS = re.compile(f"[{_DIGIT}][{_DIGIT}]{{10}}")
_PHONE = re.compile("(?<![0-9])(?:0{0,2}86)?1[3-9][0-9]{9}(?![0-9])")
_CARD = re.compile("(?<![0-9])(?:[1-9][0-9]{16}[0-9x]|(?:62|4|5)[0-9]{14,17})(?![0-9])")
_ACCOUNT = "[a-z0-9][a-z0-9-]{4,19}"
_SOLICITATION = re.compile(
    rf"加(?:个|我|您|你|一下)*(?:v信|vx|wx|v|薇信|薇|威信|徽信|扣扣|qq|q)(?![a-z])"
    rf"|加(?:个|我|您|你|一下)*微信(?!公众|小程序|支付)"
    rf"|(?:v信|vx|wx|wechat|weixin|微信|薇信|威信|徽信)(?:号码|号|同号|联系|id|是|为|加|我)*{_ACCOUNT}"
    rf"|(?:qq|扣扣|企鹅)(?:群号|群|号码|号|裙|是|为|加)*[1-9][0-9]{{4,11}}"
    rf"|(?:q|扣)(?:群|裙)(?:号|是|为)*[1-9][0-9]{{4,11}}"
    rf"|电报群|(?:telegram|whatsapp){_ACCOUNT}"
)
# Between two digits of a number: spaces, dots, hyphens, a keycap.
_GAP_MOST = 3
_ENDS = frozenset("\n\r。，；！？")


def find_contacts(text: str) -> list[Label]:
    """The hits in the text, each at most once, in the order of their kinds."""
    wide = "".join(map(_narrow, text))
    labels = [_label("spam", "link", found.start(), found.end(), text, "links") for found in _LINK.finditer(wide)]
    form, positions = spelled(text)
    digits = form.translate(_DIGITS)
    for start, end in _numbers(_PHONE, digits, positions, text, lambda number: True):
        labels.append(_label("privacy", "phone", start, end, text, "phones"))
    for start, end in _numbers(_CARD, digits, positions, text, _is_card):
        labels.append(_label("privacy", "card", start, end, text, "cards"))
    for found in _SOLICITATION.finditer(form):
        start, end = positions[found.start()], positions[found.end() - 1] + 1
        labels.append(_label("spam", "contact", start, end, text, "contacts"))
    return labels


def _numbers(
    pattern: re.Pattern[str], digits: str, positions: Sequence[int], text: str, accepts: Callable[[str], bool]
) -> Iterator[tuple[int, int]]:
    for found in pattern.finditer(digits):
        places = positions[found.start() : found.end()]
        gaps = [text[left + 1 : right] for left, right in itertools.pairwise(places)]
        if accepts(found.group()) and all(len(gap) <= _GAP_MOST and not _ENDS & set(gap) for gap in gaps):
            yield places[0], places[-1] + 1


def _label(code: str, term: str, start: int, end: int, text: str, layer: str) -> Label:
    return Label(code, "review", text[start:end][:60] if layer == "links" else term, start, end - start, layer)


def _is_card(number: str) -> bool:
    """Whether the check digit of an identity card or a bank card fits."""
    if len(number) == 18 and number[6:8] in ("18", "19", "20"):
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        total = sum(weight * int(digit) for weight, digit in zip(weights, number, strict=False))
        if "10x98765432"[total % 11] == number[17]:
            return True
    if not number.isdigit():
        return False
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number))]
    return sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0


def _narrow(character: str) -> str:
    """The character in half width and lower case, and never more than one."""
    if character.isascii():
        return character.lower()
    narrow = chr(ord(character) - 0xFEE0) if "\uff01" <= character <= "\uff5e" else character
    return narrow.lower() if narrow.isascii() else character
