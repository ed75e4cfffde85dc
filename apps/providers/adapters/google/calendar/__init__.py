"""Google Calendar: the collection adapter and its notifications. Entry point: `connect`."""

from apps.providers.adapters.google.calendar.adapter import CalendarAdapter, connect

__all__ = ["CalendarAdapter", "connect"]
