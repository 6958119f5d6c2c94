"""The pages of campaigns for everybody, of one's own prizes, and of objections."""

from typing import Any

from feed.api.pages.campaigns.campaign import show_board, show_campaign, show_rules
from feed.api.pages.campaigns.lists import show_campaigns
from feed.api.pages.campaigns.objections import object_to_result, show_objections
from feed.api.pages.campaigns.prizes import (
    ask_decline,
    claim_prize,
    decline_prize,
    receive_prize,
    show_codes,
    show_prize,
    show_prizes,
)

ROUTES: tuple[Any, ...] = (
    show_campaigns,
    show_campaign,
    show_rules,
    show_board,
    show_objections,
    object_to_result,
    show_prizes,
    show_prize,
    claim_prize,
    ask_decline,
    decline_prize,
    receive_prize,
    show_codes,
)
