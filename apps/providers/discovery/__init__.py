"""From a mail address to the servers that hold its mail, without any credential.

The order is fixed, first that knows wins: preset by domain, SRV records, autoconfig over HTTPS,
preset by the host that takes the domain's mail (MX), usual names that answer. All are asked at
once, each network part through the `Network` that is handed in, within one deadline.
"""

from .finding import discover
from .found import SOURCES, Discovered

__all__ = ["SOURCES", "Discovered", "discover"]
