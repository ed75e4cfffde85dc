"""`make demo`: everything at once, in one terminal, until Ctrl-C.

python -m pmsync.demo [--port PORT] [--fresh]
"""

import argparse
import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pmsync.private import servers as private
from pmsync.private.home import REPOSITORY, Home

from . import cast, model, stack
from .servers import HOST, Providers
from .simulations import SETTINGS
from .supervisor import Output, Service, ServiceFailed, Stopped, Supervisor, port_taken

PORT: Final = 8000
# What `seed` says once other processes may start.
MIGRATED: Final = "the database is up to date"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line."""

    port: int
    fresh: bool
    scale: float
    still: bool


@dataclass(slots=True)
class Steps:
    """The steps of the start, with the seconds each took."""

    output: Output
    took: list[tuple[str, float]] = field(default_factory=list)

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Time one step and say so."""
        started = time.monotonic()
        self.output.say(f"… {what}")
        yield
        self.took.append((what, time.monotonic() - started))
        self.output.say(f"✓ {what} ({self.took[-1][1]:.1f} s)")


@contextlib.contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Hold the home for one demo. Raises ServiceFailed when another has it."""
    home.path.mkdir(parents=True, exist_ok=True)
    with (home.path / "demo.lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise ServiceFailed(
                f"A demo runs here already (pid {handle.read().strip() or 'unknown'}). End it first, or give this "
                "one another home: PMSYNC_HOME=/some/folder make demo PORT=8001"
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def public_url(port: int) -> str:
    """The address people open."""
    return f"http://localhost:{port}"


def environment(home: Home, providers: Providers, port: int) -> dict[str, str]:
    """What the demo's processes are told beyond the private servers' addresses."""
    user, password = cast.OURSELVES
    return {
        "PMSYNC_HOME": str(home.path),
        "PMSYNC_ALLOW_PRIVATE_HOSTS": "true",
        "PMSYNC_PUBLIC_URL": public_url(port),
        "PMSYNC_EMAIL_URL": f"smtp://{user.replace('@', '%40')}:{password}@{HOST}:{providers.ports.smtp}",
        "PMSYNC_EMAIL_FROM": f"PMSync <{user}>",
        **providers.simulations.environment(),
        **providers.model.environment(),
    }


def farewell(steps: Steps, port: int, imap_port: int, key: Path | None) -> str:
    """The block that says where to go and who may come in."""
    rows = [
        f"  {person.name:<14} {person.email:<34} {person.password:<26} {tenant.name}"
        for tenant in cast.TENANTS
        for person in tenant.people
    ]
    times = "\n".join(f"  {seconds:5.1f} s  {what}" for what, seconds in steps.took)
    clouds = [f"  {one.owner:<32} {one.address}" for one in cast.CLOUDS if one.connected]
    company = (
        f"  All of {cast.WORKSPACE} at once, as {cast.COMPANY[0].owner}: Accounts, The whole company, Google;\n"
        f"  administrator {cast.COMPANY[0].address}, key file {key}\n"
    )  # fmt: skip
    line = "─" * 100
    return (
        f"\n{line}\n  PMSync is ready:  http://localhost:{port}\n\n"
        f"  {'Person':<14} {'Log in with':<34} {'Password':<26} Company\n" + "\n".join(rows) + "\n\n"
        f"  Their mail is on {HOST}:{imap_port} (IMAP, no TLS); new mail arrives every half minute.\n"
        "  Google and Microsoft are simulated here. Connected already:\n" + "\n".join(clouds) + "\n"
        "  The language model is simulated too, unless MISTRAL_API_KEY is set.\n"
        "  To connect more: Add account, Sign in with Google or Microsoft; no real account is asked for.\n"
        + (company if key else "")
        + f"  Ctrl-C ends everything.\n\n{times}\n"
        + f"  {sum(seconds for _, seconds in steps.took):5.1f} s  in all\n{line}\n"
    )


def demo(wanted: Wanted) -> int:
    """Start everything, tend it until the end is asked for, end everything; return the exit code."""
    home, output = Home.of_environment(), Output()
    try:
        with only_one(home):
            if owner := port_taken(wanted.port):
                raise ServiceFailed(
                    f"Port {wanted.port} is taken by {owner}. Nothing was started. End that program, or choose "
                    f"another port: make demo PORT={wanted.port + 1}"
                )
            return _run(home, output, wanted)
    except ServiceFailed as failed:
        output.say(f"\n{failed}")
        return 1


def _run(home: Home, output: Output, wanted: Wanted) -> int:
    steps = Steps(output)
    supervisor = Supervisor(REPOSITORY, os.environ, output)
    with supervisor.catching_signals():
        try:
            _start(supervisor, steps, home, wanted)
            supervisor.run()
            return 0
        except Stopped:
            return 130
        finally:
            output.say("\nEnding everything …")
            supervisor.stop()
            private.down(home)
            output.say("Everything has ended.")


def _start(supervisor: Supervisor, steps: Steps, home: Home, wanted: Wanted) -> None:
    providers = Providers(home)
    if wanted.fresh:
        providers.forget()
        providers = Providers(home)
    with steps.step("private PostgreSQL and Valkey"):
        extra = environment(home, providers, wanted.port)
        # Kept in the home too, so that `manage.py` in another terminal sees the same installation.
        kept = {name: value for name, value in home.read_env().items() if name not in (*SETTINGS, *model.SETTINGS)}
        home.write_env(kept | {name: value for name, value in extra.items() if name != "PMSYNC_HOME"})
        supervisor.env |= private.up(home) | extra
    with steps.step("mail of the last eighteen months"):
        providers.fill(wanted.scale)
    with steps.step("servers: IMAP, SMTP, CalDAV, CardDAV, simulated Google, Microsoft and Mistral"):
        for service in providers.services(public_url(wanted.port)):
            supervisor.start(service)
        supervisor.wait_for(providers.answer, "The demo's mail and calendar servers")
        providers.fill_dav()
    ports = providers.ports
    command = [sys.executable, "-m", "pmsync.demo.seed", str(providers.folder)]
    seed = supervisor.begin(Service("seed", command))
    with steps.step("database"):
        supervisor.wait_for(
            lambda: seed.process.poll() is not None or seed.said(MIGRATED), "The database's migration", 300
        )
        if seed.process.poll():
            supervisor.finish(seed)
    with steps.step("two companies, three people, their accounts; web, workers, beat and watcher"):
        for service in stack.services(wanted.port):
            supervisor.start(service)
        supervisor.finish(seed)
        supervisor.wait_for(lambda: stack.answers(wanted.port), "The web process")
    # It looks in now and then until there is mail to speak of, and ends by itself.
    supervisor.begin(Service("assistant", [sys.executable, "-m", "pmsync.demo.assisting"], stage=4))
    arriving = [sys.executable, "-m", "pmsync.demo.delivery", str(providers.folder)]
    if not wanted.still:
        supervisor.start(Service("delivery", arriving, stage=4))
    key = providers.simulations.company_key if "google" in providers.simulations.names else None
    supervisor.output.say(farewell(steps, wanted.port, ports.imap, key))


def main(arguments: list[str]) -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="make demo", description="PMSync with everything around it, in one terminal.")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or PORT))
    parser.add_argument("--fresh", action="store_true", help="write the demo's mail anew")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual amount of mail, such as 0.1")
    parser.add_argument("--still", action="store_true", help="let no new mail arrive by itself")
    options = parser.parse_args(arguments)
    return demo(Wanted(options.port, options.fresh, options.scale, options.still))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
