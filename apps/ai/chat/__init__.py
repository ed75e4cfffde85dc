"""Questions answered from a person's mail, calendars and address books, with what each answer rests on."""
