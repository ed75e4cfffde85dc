"""Microsoft's mail, calendars and contacts by Graph v1.0, and the log-in that leads there.

No module here knows Django, Celery or an application of ours.
"""
