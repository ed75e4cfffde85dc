"""The bodies of what a person does about an invitation."""

from typing import Any

from rest_framework import serializers

from apps.calendar.writing import ANSWERS

COMMENT_MOST = 2_000


class ActIn(serializers.Serializer[Any]):
    """`answer` with a `status`; `add`: put it into a calendar, or bring it up to date there, and tell nobody;
    `accept` or `refuse` the time that somebody proposes."""

    action = serializers.ChoiceField(["answer", "add", "accept", "refuse"])
    status = serializers.ChoiceField(ANSWERS, required=False)
    calendar_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    comment = serializers.CharField(max_length=COMMENT_MOST, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["action"] == "answer" and "status" not in attrs:
            raise serializers.ValidationError("Say in `status` what the answer is.")
        return attrs
