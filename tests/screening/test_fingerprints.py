from feed.screening.fingerprints import fingerprint_of, is_similar
from feed.screening.forms import form_of
from feed.screening.trial import harmless_texts

SPAM = "低价出售二手相机镜头，成色九五新，支持验货，电话{phone}，非诚勿扰，先到先得，数量有限，欢迎同城面交{end}。"


def simhash(text: str) -> int:
    found = fingerprint_of(form_of(text))
    assert found is not None
    return found.simhash


def test_a_text_with_another_number_is_similar_and_shares_a_band() -> None:
    one, other = (
        fingerprint_of(form_of(SPAM.format(phone=phone, end=end)))
        for phone, end in (("13800138000", ""), ("139001", "哦"))
    )
    assert one is not None
    assert other is not None
    assert one.exact != other.exact
    assert is_similar(one.simhash, other.simhash)
    assert set(enumerate(one.bands)) & set(enumerate(other.bands))


def test_the_same_text_with_other_symbols_is_the_same() -> None:
    one, other = (fingerprint_of(form_of(text)) for text in ("今天天气真的不错呀", "今天，天氣真的不错呀！！😀"))
    assert one == other


def test_other_texts_are_not_similar() -> None:
    texts = [text for text in harmless_texts() if "社区文化节" not in text and len(form_of(text)) > 12]
    hashes = [simhash(text + other) for text, other in zip(texts, reversed(texts), strict=True)]
    similar = sum(is_similar(one, other) for place, one in enumerate(hashes) for other in hashes[place + 1 :])
    assert similar <= len(hashes)


def test_a_short_text_has_none() -> None:
    assert fingerprint_of(form_of("好看！")) is None


def test_numbers_fit_a_column_of_64_bits() -> None:
    for text in harmless_texts():
        found = fingerprint_of(form_of(text))
        assert found is None or all(-(2**63) <= each < 2**63 for each in (found.exact, found.simhash))
