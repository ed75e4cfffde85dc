"""The only code that talks to a provider. It knows neither Django nor Celery."""
