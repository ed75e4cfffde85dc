"""What calendars and address books have in common: collections of objects, mirrored and changed in one way."""
