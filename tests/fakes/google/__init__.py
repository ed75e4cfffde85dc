"""A simulated Google that the real client libraries talk to over HTTP; it refuses what Google refuses."""

from tests.fakes.google.clock import Clock
from tests.fakes.google.courier import Chaos
from tests.fakes.google.service import Google

__all__ = ["Chaos", "Clock", "Google"]
