"""Advice on rules that can be published as they are, though an editor may not want them so. Pure."""

from collections.abc import Iterator

from feed.campaigns.model import Rules
from feed.campaigns.prize_kinds import kinds_of
from feed.errors import FieldError


def rules_advice(rules: Rules, *, has_judges: bool, reviewers: int) -> Iterator[FieldError]:
    """What an editor should look at again.

    `has_judges`: the campaign has a jury, or a mark already. `reviewers`: the persons who may judge its entries now.
    """
    if rules.review_stages > reviewers:
        yield FieldError("review_chain", "too_few_reviewers", {"reviewers": reviewers})
    kinds = kinds_of(prize.kind for prize in rules.prizes)
    if any(kind.is_collected for kind in kinds) and rules.delivery.place is None:
        yield FieldError("delivery.place", "advised")
    if not rules.reserve_count:
        yield FieldError("reserve_count", "no_reserves")
    if rules.method == "ranked" and rules.weights.quality:
        if not has_judges:
            yield FieldError("weights.quality", "no_jury")
        if rules.shortlist_size is None:
            yield FieldError("shortlist_size", "marks_not_awaited")
