"""Whose report is due when: the public part of the reports. Knows no content, and no settings but times."""
