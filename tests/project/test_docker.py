"""The production stack says what the code needs: every queue is read, every setting is known, nothing runs as root."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pmsync import env
from pmsync.celery import app
from pmsync.demo import stack

DOCKER = Path(__file__).resolve().parents[2] / "docker"
WORKERS = ("worker-high", "worker-normal", "worker-low", "worker-waiting", "worker-reading", "worker-burning")
OURS = ("web", *WORKERS, "beat", "watcher")
STORES = ("postgres", "valkey")


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    compose: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def queues(command: list[str]) -> Iterator[str]:
    if "-Q" in command:
        yield from command[command.index("-Q") + 1].split(",")


def test_the_stack_has_the_four_kinds_of_process_and_both_stores(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {"migrate", *OURS, *STORES}


def test_every_queue_is_read_by_exactly_one_worker(services: dict[str, dict[str, Any]]) -> None:
    declared = sorted(queue.name for queue in app.conf.task_queues)
    assert sorted(queue for service in services.values() for queue in queues(service["command"])) == declared
    assert sorted(queue for service in stack.services(8000) for queue in queues(list(service.command))) == declared


def test_the_tiers_have_the_concurrency_that_was_decided(services: dict[str, dict[str, Any]]) -> None:
    def concurrency(name: str) -> int:
        command = services[name]["command"]
        return int(command[command.index("-c") + 1])

    assert [concurrency(f"worker-{tier}") for tier in ("high", "normal", "low")] == [17, 10, 7]


def test_nothing_runs_as_root_or_writes_to_its_image(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["user"].split(":")[0] not in ("", "0", "root"), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
    assert "\nUSER pmsync\n" in (DOCKER / "Dockerfile").read_text()


def test_everything_that_stays_up_is_started_again_and_says_how_it_is(services: dict[str, dict[str, Any]]) -> None:
    for name in (*OURS, *STORES):
        assert services[name]["restart"] == "unless-stopped", name
        assert services[name]["healthcheck"]["test"], name
    for name in (name for name in OURS if name.startswith("worker-")):
        worker = services[name]["environment"]["WORKER"]
        assert f"{worker}@%h" in services[name]["command"], name


def test_only_the_web_process_is_published_and_to_the_loopback(services: dict[str, dict[str, Any]]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


def test_no_process_starts_before_the_migrations_are_done(services: dict[str, dict[str, Any]]) -> None:
    for name in OURS:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}, name


def test_every_setting_that_is_named_exists() -> None:
    text = "".join((DOCKER / name).read_text() for name in ("Dockerfile", "compose.yaml", "pmsync.env.example"))
    named = set(re.findall(r"\bPMSYNC_[A-Z_]+", text))
    assert named - set(env.KNOWN) == set()
    assert {"PMSYNC_SECRET_KEY", "PMSYNC_MASTER_KEYS", "PMSYNC_PUBLIC_URL"} <= named


def test_everything_that_is_copied_into_the_image_is_there() -> None:
    sources = re.findall(r"^COPY (?!--from)(.+) \S+$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    for source in (word for line in sources for word in line.split()):
        assert (DOCKER.parent / source).exists(), source


def test_a_health_check_of_nothing_says_so() -> None:
    def check(*arguments: str) -> subprocess.CompletedProcess[str]:
        nowhere = {"REDIS_URL": "redis://127.0.0.1:1/0", "PMSYNC_PUBLIC_URL": "https://pmsync.example.com"}
        return subprocess.run(
            [sys.executable, DOCKER / "health.py", *arguments], env=nowhere, capture_output=True, text=True, timeout=30
        )

    assert check("beat").returncode == 1
    assert check("watcher").returncode == 1
    assert check("worker", "high").returncode == 1
    assert check("worker").returncode == 2
    assert check("nothing").returncode == 2
