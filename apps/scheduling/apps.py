"""Django's registration of scheduling."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """Scheduling listens to mail and to calendars, and registers its commands."""

    name = "apps.scheduling"
    label = "scheduling"

    def ready(self) -> None:
        """Make them known."""
        from apps.calendar import announcing as calendar
        from apps.mail import additions, arrivals
        from apps.outbound import registry

        from . import announcing, arriving, reading
        from .commands import SchedulingCommands

        registry.register(SchedulingCommands())
        arrivals.register(arriving.told)
        additions.register(reading.marks)
        calendar.register(announcing.told)
