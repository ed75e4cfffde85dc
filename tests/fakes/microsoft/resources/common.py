"""Types that several resources share."""

from typing import Final

from tests.fakes.microsoft.schema import BOOLEAN, STRING, Many, Property, choice, structure

EMAIL_ADDRESS: Final = structure("emailAddress", {"name": Property(STRING), "address": Property(STRING)})
RECIPIENT: Final = structure("recipient", {"emailAddress": Property(EMAIL_ADDRESS, null=False, required=True)})
BODY: Final = structure(
    "itemBody", {"contentType": Property(choice("bodyType", "text html Text HTML")), "content": Property(STRING)}
)
DATE_TIME_ZONE: Final = structure(
    "dateTimeTimeZone", {"dateTime": Property(STRING, null=False), "timeZone": Property(STRING)}
)
EXTENDED: Final = structure(
    "singleValueLegacyExtendedProperty",
    {"id": Property(STRING, null=False, required=True), "value": Property(STRING)},
)
EXTENDED_PROPERTIES: Final = {"singleValueExtendedProperties": Property(Many(EXTENDED), navigation=True)}
IMPORTANCE: Final = choice("importance", "low normal high Low Normal High")
DESTINATION: Final = structure("move", {"destinationId": Property(STRING, null=False, required=True)})
COMMENT: Final = structure("comment", {"comment": Property(STRING)})
PHYSICAL_ADDRESS: Final = structure(
    "physicalAddress",
    {name: Property(STRING) for name in "street city state countryOrRegion postalCode".split()},
)
RESPONSE_ACTION: Final = structure("eventResponse", {"comment": Property(STRING), "sendResponse": Property(BOOLEAN)})
