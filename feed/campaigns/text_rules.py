"""The rules of the texts of a campaign. None is required: a draft may be incomplete, and the publish check asks for what is missing."""

from typing import Annotated

from feed.texts import line, prose

TITLE = line(60, required=False)
ORGANISER = line(100, required=False)
CONTACT = line(200, required=False)
BEACON = line(100, required=False)
PRIZE_NAME = line(60, required=False)
PRIZE_TERMS = line(500, required=False)
CRITERION = line(40, required=False)
PLACE = line(200, required=False)
LICENCE_KEY = line(40)
LICENCE_NAME = line(40)
LICENCE_TEXT = line(1000)
# Only these may contain line breaks. The others are part of a paragraph of the rules text.
BODY = prose(5000, required=False)
NOTES = prose(2000, required=False)

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
