"""Makes `ansible_collections.cloudops.ovh` this checkout, wherever it was cloned, and keeps the tests to themselves.

Both happen when pytest loads this file, before any test module is imported, because test modules import the collection.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAME = ("ansible_collections", "cloudops", "ovh")
#: The files with the longest tests: whole plays, kills at every act. They begin first.
LONGEST = (
    "test_secrets_play",
    "test_role_onboard",
    "test_readme",
    "test_playbook_",
    "test_role_",
    "test_module_plays",
    "test_crash_points",
    "test_plans_come_true",
    "test_cloud_machine",
    "test_module_examples",
)
#: The files with tests that wait more than they compute. Mixed with the others, they leave no processor idle.
WAITING = (
    "test_secrets_results",
    "test_lost_",
    "test_concurrent_runs",
    "test_api_",
    "test_module_users",
    "test_module_s3_",
    "test_parsers",
)
#: So many of them follow each of the longest tests.
MIXED = 3


def collections_path() -> Path:
    """The folder in which `ansible_collections/cloudops/ovh` is this checkout; makes the link where there is none."""
    if ROOT.parts[-3:] == NAME:
        return ROOT.parents[2]
    base = ROOT / ".collections"
    link = base.joinpath(*NAME)
    link.parent.mkdir(parents=True, exist_ok=True)
    # Several workers of pytest-xdist come here at the same time.
    with contextlib.suppress(FileExistsError):
        link.symlink_to(os.path.relpath(ROOT, link.parent))
    if link.resolve() != ROOT:
        raise pytest.UsageError(f"{link} leads to {link.resolve()}, not to this checkout: remove it")
    return base


def isolate(base: Path, home: Path) -> None:
    """Child processes inherit this: they find the collection, and neither see nor change what is somebody's own."""
    for name in [name for name in os.environ if name.startswith(("OVH_", "ANSIBLE_"))]:
        # What `ansible-test units` tells its own pytest plugins.
        if not name.startswith(("ANSIBLE_TEST_", "ANSIBLE_CONTROLLER_MIN_")):
            del os.environ[name]
    os.environ.update(
        # ovh.conf and ~/.ansible are looked for at home.
        HOME=str(home),
        # Ansible refuses to start in a locale that is not UTF-8.
        LC_ALL="en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8",
        ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
        ANSIBLE_COLLECTIONS_PATH=str(base),
        ANSIBLE_HOME=str(home / ".ansible"),
        ANSIBLE_LOCAL_TEMP=str(home / ".ansible" / "tmp"),
        # Ansible takes the real home for this one, whatever HOME says.
        ANSIBLE_REMOTE_TEMP=str(home / ".ansible" / "remote"),
        # A proxy cannot reach this machine's loopback.
        NO_PROXY="127.0.0.1,localhost",
        no_proxy="127.0.0.1,localhost",
        ANSIBLE_NOCOLOR="1",
        ANSIBLE_RETRY_FILES_ENABLED="0",
        # Programs beside this Python (ansible-playbook) come first, also when the environment is not activated.
        PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    )


#: A folder for all workers of pytest-xdist, which inherit the environment of the process that starts them.
SHARED = "CLOUDOPS_OVH_TESTS_SHARED"
BASE = collections_path()
HOME = Path(tempfile.mkdtemp(prefix="cloudops-ovh-tests-"))
isolate(BASE, HOME)
# `ansible_collections` is a namespace package: no loader of Ansible's is needed to import from it.
# The others are what pyproject.toml says as well; `ansible-test units` does not read that.
for folder in (str(BASE), str(ROOT), str(ROOT / "scripts")):
    if folder not in sys.path:
        sys.path.insert(0, folder)


def pytest_configure(config: pytest.Config) -> None:
    """Not when this file is loaded: scripts/mutate runs pytest again and again in one process."""
    if SHARED not in os.environ:
        os.environ[SHARED] = tempfile.mkdtemp(prefix="cloudops-ovh-shared-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(SHARED), ignore_errors=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No worker is left alone at the end with a test that is longer than all others together."""

    def place(item: pytest.Item) -> int:
        matching = (number for number, name in enumerate(LONGEST) if item.path.name.startswith(name))
        return next(matching, len(LONGEST))

    items.sort(key=place)
    waiting = [item for item in items if item.path.name.startswith(WAITING)]
    busy = [item for item in items if not item.path.name.startswith(WAITING)]
    items.clear()
    for item in busy:
        items += [item, *waiting[:MIXED]]
        del waiting[:MIXED]
    items += waiting


def pytest_collection_finish() -> None:
    """Thousands of tests stay in memory to the end: the garbage collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


with contextlib.suppress(ImportError):
    from hypothesis import Phase, settings

    from tests.support.depth import DEPTH

    # A slow machine is no failure, and a run must be repeatable. See tests/support/depth.py.
    settings.register_profile("everyday", deadline=None, derandomize=True, max_examples=20)
    settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=100)
    settings.register_profile("explore", deadline=None, max_examples=2000)
    # One of many rounds of scripts/soak.
    settings.register_profile("soak", deadline=None, max_examples=100, database=None)
    # scripts/mutate asks thousands of times whether a test fails, never for the smallest example.
    settings.register_profile(
        "mutation", deadline=None, derandomize=True, max_examples=20, phases=(Phase.explicit, Phase.generate)
    )
    settings.load_profile(DEPTH)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def collections_dir() -> Path:
    """For `ANSIBLE_COLLECTIONS_PATH` of a process that does not inherit the environment."""
    return BASE
