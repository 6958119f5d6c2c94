"""The region that is shown: the province within China, the country or region elsewhere. Pure."""

# Province-level divisions as they are shown: in Chinese, in English and pinyin, and by ISO 3166-2.
_PROVINCES = """
北京 Beijing BJ|天津 Tianjin TJ|河北 Hebei HE|山西 Shanxi SX|内蒙古 InnerMongolia,NeiMongol NM|辽宁 Liaoning LN|吉林 Jilin JL
黑龙江 Heilongjiang HL|上海 Shanghai SH|江苏 Jiangsu JS|浙江 Zhejiang ZJ|安徽 Anhui AH|福建 Fujian FJ|江西 Jiangxi JX
山东 Shandong SD|河南 Henan HA|湖北 Hubei HB|湖南 Hunan HN|广东 Guangdong GD|广西 Guangxi GX|海南 Hainan HI|重庆 Chongqing CQ
四川 Sichuan SC|贵州 Guizhou GZ|云南 Yunnan YN|西藏 Tibet,Xizang XZ|陕西 Shaanxi SN|甘肃 Gansu GS|青海 Qinghai QH|宁夏 Ningxia NX
新疆 Xinjiang XJ|中国香港 HongKong HK|中国澳门 Macao,Macau MO|中国台湾 Taiwan TW
"""
# Countries by their Chinese name, English names and ISO 3166-1; others are shown as the file names them.
_COUNTRIES = """
美国 UnitedStates,USA US|日本 Japan JP|韩国 SouthKorea,RepublicofKorea,Korea KR|新加坡 Singapore SG|马来西亚 Malaysia MY|泰国 Thailand TH
越南 Vietnam,VietNam VN|菲律宾 Philippines PH|印度尼西亚 Indonesia ID|柬埔寨 Cambodia KH|老挝 Laos LA|缅甸 Myanmar MM|印度 India IN
巴基斯坦 Pakistan PK|孟加拉国 Bangladesh BD|尼泊尔 Nepal NP|斯里兰卡 SriLanka LK|蒙古 Mongolia MN|哈萨克斯坦 Kazakhstan KZ|俄罗斯 Russia,RussianFederation RU
英国 UnitedKingdom,GreatBritain GB|法国 France FR|德国 Germany DE|意大利 Italy IT|西班牙 Spain ES|葡萄牙 Portugal PT|荷兰 Netherlands,TheNetherlands NL
比利时 Belgium BE|瑞士 Switzerland CH|奥地利 Austria AT|瑞典 Sweden SE|挪威 Norway NO|丹麦 Denmark DK|芬兰 Finland FI|爱尔兰 Ireland IE
波兰 Poland PL|捷克 Czechia,CzechRepublic CZ|匈牙利 Hungary HU|希腊 Greece GR|罗马尼亚 Romania RO|乌克兰 Ukraine UA|土耳其 Turkey,Türkiye TR
加拿大 Canada CA|墨西哥 Mexico MX|巴西 Brazil BR|阿根廷 Argentina AR|智利 Chile CL|秘鲁 Peru PE|哥伦比亚 Colombia CO|澳大利亚 Australia AU|新西兰 NewZealand NZ
阿联酋 UnitedArabEmirates AE|沙特阿拉伯 SaudiArabia SA|卡塔尔 Qatar QA|伊朗 Iran IR|伊拉克 Iraq IQ|以色列 Israel IL|埃及 Egypt EG|南非 SouthAfrica ZA
尼日利亚 Nigeria NG|肯尼亚 Kenya KE|埃塞俄比亚 Ethiopia ET|摩洛哥 Morocco MA|坦桑尼亚 Tanzania TZ
"""
_CHINA = frozenset({"中国", "china", "cn", "people'srepublicofchina", "中华人民共和国"})
# What databases write for what they do not know, and for addresses of no place.
_UNKNOWN = frozenset(
    {"", "0", "-", "unknown", "reserved", "内网ip", "内网", "局域网", "保留", "保留地址", "iana", "本机地址", "未知"}
)
_SUFFIXES = ("特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市")
_ENGLISH_SUFFIXES = (
    "province",
    "sheng",
    "shi",
    "municipality",
    "autonomousregion",
    "uygur",
    "uyghur",
    "zhuang",
    "hui",
    "zhuangzu",
    "huizu",
    "sar",
)
NAME_LONGEST = 20


def _table(text: str) -> dict[str, str]:
    names: dict[str, str] = {}
    for row in text.replace("\n", "|").split("|"):
        if row.strip():
            shown, english, code = row.split()
            names |= dict.fromkeys(
                [shown, shown.removeprefix("中国"), *english.casefold().split(","), code.casefold()], shown
            )
    return names


_PROVINCE_NAMES = _table(_PROVINCES)
_COUNTRY_NAMES = _table(_COUNTRIES)
# Regions of China that databases list as countries.
_LISTED_APART = ("中国香港", "中国澳门", "中国台湾")


def shown_region(country: str, subdivisions: list[str]) -> str | None:
    """The region that is shown for a country and the names or codes of its parts, from the largest; None if it is unknown.

    Within China the province, without the word for it; elsewhere the country in Chinese as far as it is known.
    """
    key = _key(country)
    apart = _PROVINCE_NAMES.get(_plain(country))
    if apart in _LISTED_APART:
        return apart
    if key in _CHINA:
        found = (_PROVINCE_NAMES.get(_plain(each)) for each in subdivisions)
        return next(filter(None, found), "中国")
    if key in _UNKNOWN:
        return None
    return _COUNTRY_NAMES.get(key, country.strip())[:NAME_LONGEST]


def _key(name: str) -> str:
    return "".join(name.split()).casefold()


def _plain(name: str) -> str:
    """The name of a division without the word for its kind, in lower case."""
    plain = _key(name.partition(",")[0])
    for suffix in _SUFFIXES:
        plain = plain.removesuffix(suffix)
    before = ""
    while before != plain:
        before = plain
        for suffix in _ENGLISH_SUFFIXES:
            if len(plain) > len(suffix):
                plain = plain.removesuffix(suffix)
        plain = plain.rstrip("-")
    return plain if plain in _PROVINCE_NAMES else _key(name).removeprefix("cn-")
