"""The bodies that reports and alerts are set with."""

from typing import Any

from rest_framework import serializers

from .models import Way


class WishesIn(serializers.Serializer[Any]):
    """What I wish to hear of; what is left out stays."""

    report = serializers.ChoiceField(Way.choices, required=False)
    at = serializers.TimeField(required=False, input_formats=["%H:%M"])
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), required=False, min_length=1, max_length=7
    )
    alerts = serializers.ChoiceField(Way.choices, required=False)
    overdue_days = serializers.IntegerField(min_value=1, max_value=30, required=False)

    def validate_weekdays(self, value: list[int]) -> list[int]:
        return sorted(set(value))


class WishesOut(serializers.Serializer[Any]):
    """What I wish to hear of: `at` is the hour where I am, `weekdays` begin with Monday, 0."""

    report = serializers.ChoiceField(Way.choices)
    at = serializers.CharField()
    weekdays = serializers.ListField(child=serializers.IntegerField())
    alerts = serializers.ChoiceField(Way.choices)
    overdue_days = serializers.IntegerField()
    zone = serializers.CharField()
