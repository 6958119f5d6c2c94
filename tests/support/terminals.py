"""What a terminal would act on."""

import unicodedata2 as unicodedata

_BIDI = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


def interpreted(text: str) -> set[str]:
    """The characters of a text that a terminal may act on: controls, separators of lines, bidi controls."""
    return {
        each
        for each in text
        if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(each) in _BIDI
    }
