"""`python -m pmsync.private up|down|run COMMAND...`: the private servers by hand."""

import os
import subprocess
import sys

from .home import Home
from .servers import down, up

USAGE = "usage: python -m pmsync.private up | down | run COMMAND [ARGUMENT ...]"


def main(arguments: list[str]) -> int:
    """Carry out one sub-command and return the exit code."""
    home = Home.of_environment()
    match arguments:
        case ["up"]:
            up(home)
            print(f"Private PostgreSQL and Valkey are up; their addresses are in {home.env_file}")
            return 0
        case ["down"]:
            down(home)
            return 0
        case ["run", *command] if command:
            environment = up(home) | dict(os.environ) | {"PMSYNC_HOME": str(home.path)}
            try:
                return subprocess.run(command, env=environment).returncode
            except KeyboardInterrupt:
                return 130
            finally:
                down(home)
        case _:
            print(USAGE, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
