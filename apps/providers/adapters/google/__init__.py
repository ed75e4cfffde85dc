"""Google: Gmail, Calendar and People over their own APIs. Knows neither Django nor Celery."""
