"""A process that dies by SIGKILL at a chosen line of our code: for tests of what a killed run leaves behind.

Started once (`Victims`), it forks a child for each death, so a death costs milliseconds. The child
runs one function and is killed at the n-th line executed in the watched files; nothing can clean up.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Victims:
    """Asks the process for deaths."""

    process: "subprocess.Popen[str]"

    def die_at(self, line: int, function: str, *arguments: Any, watch: tuple[str, ...]) -> bool:
        """Run `module:function` with the arguments, killed at the n-th line; True when it died there.

        False when it had ended by itself before that line.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"line": line, "function": function, "arguments": arguments, "watch": watch}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if answer["error"]:
            raise AssertionError(answer["error"])
        return bool(answer["killed"])


@contextmanager
def victims(database: str, settings_module: str = "pmsync.settings") -> Iterator[Victims]:
    """A process of some release, ready to be killed, working on this database."""
    command = [sys.executable, "-m", __name__, database, str(settings.PMSYNC_STORAGE)]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": settings_module}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=environment
    ) as process:
        yield Victims(process)
        assert process.stdin is not None
        process.stdin.close()


def _kill_at(left: int, files: tuple[str, ...]) -> Any:
    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.endswith(files):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            module, name = order["function"].split(":")
            function = getattr(importlib.import_module(module), name)
            trace = _kill_at(order["line"], tuple(order["watch"]))
            sys.settrace(trace)
            threading.settrace(trace)
            function(*order["arguments"])
            status = 0
        except BaseException as error:  # told to the parent, which fails the test
            os.write(writing, repr(error).encode()[:4000])
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return {"killed": os.WIFSIGNALED(status), "error": said}


def main() -> None:
    """Fork before anything is connected: a child shares no connection with its parent."""
    import django
    from django.db import connections

    django.setup()
    import pmsync.celery  # noqa: F401  as manage.py does

    importlib.import_module("tests.tenants.deeds")
    connections["default"].settings_dict["NAME"] = sys.argv[1]
    connections.settings["default"]["NAME"] = sys.argv[1]
    settings.PMSYNC_STORAGE = Path(sys.argv[2])
    for line in sys.stdin:
        print(json.dumps(_carry_out(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
