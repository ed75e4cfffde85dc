"""Invitations: what comes by mail meets the calendars, and what calendars say goes out by mail."""
