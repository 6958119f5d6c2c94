"""The claim form: every text of every prize kind is validated."""

import pytest

from feed.campaigns.prize_kinds import KINDS, all_claim_fields
from feed.errors import Invalid
from feed.prizes.claims.form import ClaimForm, read_claim
from tests.support.text_fields import bad_texts

VALID = {"recipient_name": "王小明", "phone": "13800138000", "address": "福田区深南大道 1 号"}
FIELDS = [field.name for field in all_claim_fields()]


@pytest.mark.parametrize("name", FIELDS)
def test_no_field_accepts_what_is_no_text(name: str) -> None:
    field = next(each for each in all_claim_fields() if each.name == name)
    prizes = [{"kind": kind.name} for kind in KINDS.values() if field in kind.claim_fields]
    for what, text in bad_texts(field.text).items():
        form = ClaimForm(**{"privacy_version": "1", **VALID, name: text})
        with pytest.raises(Invalid) as raised:
            read_claim(form, prizes[:1])
        assert name in [error.field for error in raised.value.errors], what


def test_a_rare_character_of_a_name_and_an_address_are_kept() -> None:
    form = ClaimForm(**VALID | {"recipient_name": "\U00031350\U0002000b明", "privacy_version": "1"})
    assert read_claim(form, [{"kind": "goods"}])["recipient_name"] == "\U00031350\U0002000b明"
