"""The bodies that events are made, changed and answered with."""

from typing import Any, Final

from rest_framework import serializers

from .writing import ANSWERS

TEXT_MOST: Final = 1_000
DESCRIPTION_MOST: Final = 100_000
SEVERAL_MOST: Final = 500
KEY: Final = r"^\d{8}(T\d{6}Z?)?$"


class MomentIn(serializers.Serializer[Any]):
    """A `date` for what lasts whole days, else a time (`at`) of a `zone`; without a zone it is of no place."""

    date = serializers.RegexField(r"^\d{4}-\d\d-\d\d$", required=False)
    at = serializers.RegexField(r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z?$", required=False)
    zone = serializers.CharField(max_length=100, allow_blank=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("date" in attrs) == ("at" in attrs):
            raise serializers.ValidationError("Give a `date`, or a time in `at`.")
        return attrs


# What stubs say of `label` and `data` is said of a field's and a form's own, which these are not.
class PersonIn(serializers.Serializer[Any]):
    """One who takes part."""

    address = serializers.EmailField(max_length=320)
    name = serializers.CharField(max_length=200, allow_blank=True, default="")
    role = serializers.ChoiceField(["REQ-PARTICIPANT", "OPT-PARTICIPANT", "NON-PARTICIPANT", "CHAIR"], required=False)
    status = serializers.CharField(max_length=20, required=False)
    kind = serializers.CharField(max_length=20, required=False)
    rsvp = serializers.BooleanField(default=True)


class EventFields(serializers.Serializer[Any]):
    """The fields that are to have other values; those that are not named stay."""

    title = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, required=False)
    location = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, required=False)
    description = serializers.CharField(max_length=DESCRIPTION_MOST, allow_blank=True, required=False)
    url = serializers.CharField(max_length=2_000, allow_blank=True, required=False)
    start = MomentIn(required=False)
    end = MomentIn(required=False, allow_null=True)
    rule = serializers.CharField(max_length=500, allow_blank=True, required=False)
    busy = serializers.BooleanField(required=False)
    visibility = serializers.ChoiceField(["", "PUBLIC", "PRIVATE", "CONFIDENTIAL"], required=False)
    status = serializers.ChoiceField(
        ["", "CONFIRMED", "TENTATIVE", "CANCELLED", "NEEDS-ACTION", "IN-PROCESS", "COMPLETED"], required=False
    )
    categories = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, max_length=SEVERAL_MOST
    )
    attendees = serializers.ListField(child=PersonIn(), required=False, max_length=SEVERAL_MOST)
    alarms = serializers.ListField(
        child=serializers.IntegerField(min_value=-10_080, max_value=100_000), required=False, max_length=20
    )
    due = MomentIn(required=False, allow_null=True)
    completed = MomentIn(required=False, allow_null=True)
    percent = serializers.IntegerField(min_value=0, max_value=100, required=False)
    priority = serializers.IntegerField(min_value=0, max_value=9, required=False)


class Telling(serializers.Serializer[Any]):
    """Whether those invited, or who invites, hear of it by mail. A server that tells them itself does so anyhow."""

    tell = serializers.BooleanField(default=True)


class EventIn(EventFields, Telling):
    """A new event or task, and the calendar that it goes into."""

    collection_id = serializers.UUIDField()
    component = serializers.ChoiceField(["VEVENT", "VTODO"], default="VEVENT")


class Scoped(Telling):
    """Which part of a series is meant: an instance by its `key`; `this`, `following` ones too, or `all`."""

    scope = serializers.ChoiceField(["this", "following", "all"], default="all")
    key = serializers.RegexField(KEY, required=False, allow_blank=True, default="")


class EventPatch(EventFields, Scoped):
    """Other values, and of which part of a series. `seen` are the fields as the person saw them: what somebody else
    has changed since is not overwritten unasked."""

    seen = serializers.DictField(required=False)


class AnswerIn(Telling):
    """An answer to an invitation; with a `key` for one instance."""

    status = serializers.ChoiceField(ANSWERS)
    key = serializers.RegexField(KEY, required=False, allow_blank=True, default="")


class MoveIn(serializers.Serializer[Any]):
    """The calendar that an event goes to."""

    collection_id = serializers.UUIDField()
