"""The user, the mailbox's settings, and ids translated between their formats."""

from tests.fakes.microsoft.call import Call, handler
from tests.fakes.microsoft.directory import as_user
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.listing import list_reply
from tests.fakes.microsoft.web import Reply, json_reply

TRANSLATED_AT_ONCE = 1000
PEOPLE_AT_ONCE = 999


@handler
def user_get(call: Call) -> Reply:
    """Who it is."""
    return call.reply(200, as_user(call.mailbox.person))


@handler
def user_list(call: Call) -> Reply:
    """Everybody of the directory that the token is of, whether or not they have a mailbox."""
    if (call.query.top or 0) > PEOPLE_AT_ONCE:
        raise refuse("top", limit=PEOPLE_AT_ONCE, value=call.query.top)
    people = [one for one in call.graph.directory.people.values() if one.tenant is call.access.tenant]
    return list_reply(call, people, lambda one: dict(as_user(one)))


@handler
def settings_get(call: Call) -> Reply:
    """How the mailbox is set up."""
    mailbox = call.mailbox
    settings = {
        "archiveFolder": mailbox.well_known("archive").id,
        "timeZone": mailbox.person.time_zone,
        "dateFormat": "dd/MM/yyyy",
        "timeFormat": "HH:mm",
        "userPurpose": "user",
    }
    return call.reply(200, settings)


@handler
def translate_ids(call: Call) -> Reply:
    """Ids that change on a move into immutable ones, and back."""
    wanted = call.body["inputIds"]
    if len(wanted) > TRANSLATED_AT_ONCE:
        raise refuse("parameter", name="inputIds", what=f"more than {TRANSLATED_AT_ONCE}")
    immutable = call.body["targetIdType"].startswith(("restImmutable", "immutable"))
    value = []
    for name in wanted:
        item = call.mailbox.item(name)
        if item is None:
            raise refuse("item")
        value.append({"sourceId": name, "targetId": item.id if immutable else item.moving_id})
    return json_reply(200, {"@odata.context": f"{call.origin}/v1.0/$metadata#convertIdResult", "value": value})
