"""Calendars, the events and tasks in them."""
