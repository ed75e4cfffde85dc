"""The bodies that the assistant's settings are changed with."""

from typing import Any

from rest_framework import serializers


class SwitchIn(serializers.Serializer[Any]):
    """The company's bounds; null goes back to what the installation says."""

    enabled = serializers.BooleanField(required=False)
    daily_tokens = serializers.IntegerField(min_value=0, max_value=10**12, allow_null=True, required=False)
    kept_days = serializers.IntegerField(min_value=0, max_value=3650, allow_null=True, required=False)


class ConsentIn(serializers.Serializer[Any]):
    """What the agents may do with an account: read its mail, and propose answers to it."""

    reading = serializers.BooleanField()
    drafting = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["drafting"] and not attrs["reading"]:
            raise serializers.ValidationError({"drafting": "Who proposes answers must be allowed to read."})
        return attrs
