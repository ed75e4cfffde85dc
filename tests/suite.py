"""`make test`: everything there is to check, in the order in which it fails fastest, with the seconds of each step.

    python -m tests.suite [--only NAME ...]

Ends with one line that names what was not run and why. With PMSYNC_TEST_EVERYTHING set (as `.ci/run`
does) anything that is not run is a failure. Knows nothing of Django; each step is a program.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
CLIENT: Final = ROOT / "static/app"
EVERYTHING: Final = "PMSYNC_TEST_EVERYTHING"
NOT_RUN: Final = "PMSYNC_TEST_NOT_RUN"
# Static checks read the settings and reach no server; what they are given opens nothing.
NOWHERE: Final = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PMSYNC_SECRET_KEY": "static checks sign nothing and seal nothing",
    "PMSYNC_MASTER_KEYS": "k0:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
}
MEMORY: Final = Path("/dev/shm")
ROOM: Final = 6 * 1024**3
"""Octets that must be free in it; a run was seen to take less than one of six."""

NO_TESTS: Final = 5  # pytest's exit code when a selection is empty


@dataclass(frozen=True, slots=True)
class Step:
    """A program, where it runs, and whether it talks to servers."""

    name: str
    command: Sequence[str]
    folder: Path = ROOT
    static: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended."""

    step: Step
    code: int
    seconds: float
    output: str = ""

    @property
    def good(self) -> bool:
        """True when nothing failed."""
        return self.code in (0, NO_TESTS) if "pytest" in self.step.command else self.code == 0


def python(*arguments: str) -> list[str]:
    """A command of this environment."""
    return [sys.executable, "-m", *arguments]


def tool(name: str, *arguments: str) -> list[str]:
    """A program that was installed beside this Python."""
    return [str(Path(sys.executable).parent / name), *arguments]


PYTHON_SIDE: Final = (
    Step("ruff", tool("ruff", "check", "--quiet", "."), static=True),
    Step("format", tool("ruff", "format", "--quiet", "--check", "."), static=True),
    Step("layers", tool("lint-imports"), static=True),
    Step("types", tool("mypy", "--no-error-summary"), static=True),
)
CLIENT_SIDE: Final = (
    Step("client lint", ["npm", "run", "--silent", "lint"], CLIENT, static=True),
    Step("client types", ["npm", "run", "--silent", "typecheck"], CLIENT, static=True),
    Step("client tests", ["npm", "run", "--silent", "test"], CLIENT, static=True),
    Step("client budget", ["npm", "run", "--silent", "budget"], CLIENT, static=True),
)
EACH_ALONE: Final = "not serial and not chromium and not soak"
TESTS: Final = (
    # Three for two cores: each waits now and then, for a timer or a process that it started.
    Step(
        "tests",
        python("pytest", "-q", "-n", "3", "--dist", "worksteal", "--durations=30", "-m", EACH_ALONE),
    ),
    # These mostly wait, for servers that they kill and clocks that they let run out, and must not
    # wait for a busy machine besides: many side by side are still less work than it can do.
    Step("fault tests", python("pytest", "-q", "-n", "4", "--dist", "loadfile", "-m", "serial and not chromium")),
    # Each of the two has a demo of its own: a browser test waits for pages more than it works.
    Step(
        "browser",
        python("pytest", "-q", "-n", "2", "--dist", "loadfile", "--durations=30", "-m", "chromium and not soak"),
    ),
)
STEPS: Final = (*PYTHON_SIDE, *CLIENT_SIDE, *TESTS)


def run(step: Step, *, shown: bool) -> Outcome:
    """Run a step; its output is shown at once, or kept."""
    started = time.monotonic()
    env = os.environ | (NOWHERE if step.static else {})
    stream = None if shown else subprocess.PIPE
    try:
        done = subprocess.run(
            step.command, cwd=step.folder, env=env, stdout=stream, stderr=subprocess.STDOUT, text=True
        )
    except FileNotFoundError as missing:
        return Outcome(step, 127, time.monotonic() - started, f"{missing.filename} is not installed")
    return Outcome(step, done.returncode, time.monotonic() - started, done.stdout or "")


def tell(outcome: Outcome) -> Outcome:
    """Say how a step ended."""
    print(f"{'✓' if outcome.good else '✗'} {outcome.step.name} ({outcome.seconds:.1f} s)", flush=True)
    if not outcome.good and outcome.output:
        print(outcome.output.rstrip(), flush=True)
    return outcome


def side(steps: Sequence[Step]) -> list[Outcome]:
    """One core's share of the static checks, one after another."""
    return [tell(run(step, shown=False)) for step in steps]


def chosen(steps: Sequence[Step], only: Sequence[str]) -> list[Step]:
    """The steps asked for; all when none was named."""
    return [step for step in steps if not only or step.name in only]


@contextmanager
def in_memory() -> Iterator[None]:
    """Have the servers' data in memory, where there is room: hundreds of companies are made and removed.

    Each is some two hundred files, and a disk takes three times as long to make them.
    """
    if "PMSYNC_HOME" in os.environ or not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="pmsync-test-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # PostgreSQL's own user must get in
        os.environ["PMSYNC_HOME"] = f"{folder}/test"
        yield


def main(arguments: Sequence[str]) -> int:
    """Run the steps and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.suite", description="Everything there is to check.")
    parser.add_argument("--only", nargs="+", choices=[step.name for step in STEPS], default=[])
    only = parser.parse_args(arguments).only
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pmsync-test-") as folder:
        os.environ[NOT_RUN] = str(Path(folder) / "not-run")
        sides = [chosen(PYTHON_SIDE, only), chosen(CLIENT_SIDE, only)]
        with ThreadPoolExecutor(len(sides)) as both:
            outcomes = [outcome for half in both.map(side, sides) for outcome in half]
        with in_memory():
            for step in chosen(TESTS, only):
                print(f"… {step.name}", flush=True)
                outcomes.append(tell(run(step, shown=True)))
        file = Path(os.environ[NOT_RUN])
        missing = sorted(set(file.read_text().splitlines())) if file.exists() else []
    return verdict(outcomes, missing, time.monotonic() - started)


def verdict(outcomes: Sequence[Outcome], missing: Sequence[str], seconds: float) -> int:
    """The last two lines: what failed, and what was not run."""
    failed = [outcome.step.name for outcome in outcomes if not outcome.good]
    strict = bool(os.environ.get(EVERYTHING)) and bool(missing)
    width = shutil.get_terminal_size().columns
    print("─" * min(width, 100))
    print(f"{'Failed: ' + ', '.join(failed) if failed else 'Everything that ran is good'} ({seconds:.0f} s)")
    print(f"Not run: {'; '.join(missing) if missing else 'nothing'}{' (a failure here)' if strict else ''}", flush=True)
    return 1 if failed or strict else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
