"""The layers of the architecture hold, and importing against them is noticed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).parent / "lint-imports"


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the applications below `folder`, with our own configuration."""
    return subprocess.run([LINT, "--no-cache"], cwd=folder, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The applications and their configuration, to be broken."""
    for name in ("apps", "pmsync"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_layers_hold(copy: Path) -> None:
    kept = contracts(copy)
    assert kept.returncode == 0, kept.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("apps/core/clock.py", "from apps.tenants import models"),
        ("apps/sync/tiers.py", "from apps.mail import models"),
        ("apps/providers/access.py", "from apps.sync import targets"),
        ("apps/mail/models.py", "from pmsync import celery"),
        ("apps/providers/adapters/base.py", "import django"),
        ("apps/providers/adapters/base.py", "from apps.core import clock"),
        ("pmsync/settings.py", "from pmsync.demo import cast"),
    ],
)
def test_an_import_against_the_layers_fails(copy: Path, module: str, line: str) -> None:
    file = copy / module
    file.write_text(f"{file.read_text()}\n{line}\n")
    broken = contracts(copy)
    assert broken.returncode != 0
    assert "BROKEN" in broken.stdout


def test_an_upward_import_inside_a_function_fails_too(copy: Path) -> None:
    file = copy / "apps/tenants/context.py"
    file.write_text(f"{file.read_text()}\n\ndef later() -> None:\n    from apps.users import people\n")
    assert contracts(copy).returncode != 0
