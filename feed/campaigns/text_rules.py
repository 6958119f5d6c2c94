"""The rules of the texts of a campaign. None is required: a draft may be incomplete, and the publish check asks for what is missing."""

from typing import Annotated

from feed.texts import line, prose

TITLE = line(60, required=False, shown_as="campaign")
ORGANISER = line(100, required=False, shown_as="campaign")
CONTACT = line(200, required=False, shown_as="campaign")
BEACON = line(100, required=False, shown_as="campaign")
PRIZE_NAME = line(60, required=False, shown_as="prize")
PRIZE_TERMS = line(500, required=False, shown_as="prize")
CRITERION = line(40, required=False, shown_as="campaign")
PLACE = line(200, required=False, shown_as="campaign")
LICENCE_KEY = line(40)
LICENCE_NAME = line(40, shown_as="campaign")
LICENCE_TEXT = line(1000, shown_as="campaign")
# Only these may contain line breaks. The others are part of a paragraph of the rules text.
BODY = prose(5000, required=False, shown_as="campaign")
NOTES = prose(2000, required=False, shown_as="campaign")

Title = Annotated[str, TITLE.bound]
Organiser = Annotated[str, ORGANISER.bound]
Contact = Annotated[str, CONTACT.bound]
BeaconName = Annotated[str, BEACON.bound]
PrizeName = Annotated[str, PRIZE_NAME.bound]
PrizeTerms = Annotated[str, PRIZE_TERMS.bound]
CriterionName = Annotated[str, CRITERION.bound]
DeliveryPlace = Annotated[str, PLACE.bound]
Body = Annotated[str, BODY.bound]
Notes = Annotated[str, NOTES.bound]
LicenceKey = Annotated[str, LICENCE_KEY.bound]
LicenceText = Annotated[str, LICENCE_TEXT.bound]
