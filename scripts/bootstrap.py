"""Make .venv and .collections inside the checkout. Quick when there is nothing to do.

Standard library only: this runs on the Python of the system, before anything is installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The ecosystem's tools have an environment of their own, which scripts/ecosystem names.
VENV = ROOT / os.environ.get("CLOUDOPS_VENV", ".venv")
PYTHON = VENV / "bin" / "python"
LINK = ROOT / ".collections" / "ansible_collections" / "cloudops" / "ovh"
LOCK = ROOT / ".cache" / "bootstrap.lock"

LEVELS = {
    "demo": "tests/requirements-demo.txt",
    "test": "tests/requirements.txt",
    "lint": "tests/requirements-lint.txt",
    "ecosystem": "tests/requirements-ecosystem.txt",
    "mutate": "tests/requirements-mutate.txt",
}
# What a level includes.
BELOW = {"test": "demo", "lint": "test", "ecosystem": "lint", "mutate": "test"}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def levels_up_to(level: str) -> list[str]:
    return [*(levels_up_to(BELOW[level]) if level in BELOW else ()), level]


def digest(level: str) -> str:
    """What the level is made from. The path counts: the scripts of a virtual environment hold it."""
    files = ["requirements.txt", *(LEVELS[name] for name in levels_up_to(level))]
    parts = [str(ROOT).encode(), *((ROOT / name).read_bytes() for name in files)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def stamp(level: str) -> Path:
    return VENV / f".installed-{level}"


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def is_installed(level: str) -> bool:
    return has_venv() and read(stamp(level)) == digest(level)


def maker() -> dict[str, str]:
    return {"root": str(ROOT), "python": platform.python_version()}


def has_venv() -> bool:
    """A complete one, made here; and by this Python, where one was asked for by name."""
    try:
        made_by = json.loads(read(VENV / ".made-by"))
    except ValueError:
        return False
    if not os.access(PYTHON, os.X_OK):
        return False
    return bool(made_by == maker() if os.environ.get("PYTHON") else made_by["root"] == str(ROOT))


def run(command: list[str | Path], advice: str) -> None:
    # A `user = true` in somebody's pip.conf would make pip refuse to install here.
    environment = {**os.environ, "PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    # What pip unpacks goes with the folder, also when it is interrupted.
    with tempfile.TemporaryDirectory(prefix="cloudops-ovh-install-") as folder:
        done = subprocess.run(
            [str(part) for part in command],
            env={**environment, "TMPDIR": folder, "PYTHONWARNINGS": "ignore"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode:
        say(done.stdout)
        sys.exit(advice)


def make_venv() -> None:
    say(f"Making {VENV.name} with Python {platform.python_version()} …")
    run(
        [sys.executable, "-m", "venv", "--clear", VENV],
        "The virtual environment could not be made. On Debian and Ubuntu: apt install python3-venv.",
    )
    # Written last: without it the next run starts over.
    (VENV / ".made-by").write_text(json.dumps(maker()), encoding="utf-8")


def install(level: str) -> None:
    started = time.monotonic()
    say(f"Installing what `{level}` needs (only once) …")
    run(
        [PYTHON, "-m", "pip", "install", "--quiet", "--no-compile", "-r", ROOT / LEVELS[level]],
        "pip could not install the requirements. Is the network reachable? Nothing outside .venv was changed.",
    )
    # On all processors, which pip does not do; else all that start side by side would each compile the same files.
    # Some files are not for this Python: that is no failure.
    subprocess.run([PYTHON, "-m", "compileall", "-qq", "-j", "0", VENV / "lib"], stdout=subprocess.DEVNULL, check=False)
    for name in levels_up_to(level):
        stamp(name).write_text(digest(name), encoding="utf-8")
    say(f"Installed in {time.monotonic() - started:.0f} s.")


def link_target() -> str:
    return os.path.relpath(ROOT, LINK.parent)


def is_linked() -> bool:
    return LINK.is_symlink() and os.readlink(LINK) == link_target()


def link_collection() -> None:
    """Ansible finds a collection by its folder's name. The link gives the checkout that name."""
    if is_linked():
        return
    LINK.parent.mkdir(parents=True, exist_ok=True)
    LINK.unlink(missing_ok=True)
    LINK.symlink_to(link_target())


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another run is installing; waiting for it …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main() -> None:
    level, *options = sys.argv[1:] or [""]
    if level not in LEVELS or options not in ([], ["--ready"]):
        sys.exit(f"usage: bootstrap.py {'|'.join(LEVELS)} [--ready]")
    if options:
        # Only asks, by its exit code.
        sys.exit(not (is_linked() and is_installed(level)))
    with one_at_a_time():
        link_collection()
        if not has_venv():
            make_venv()
        if not is_installed(level):
            install(level)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted. The next run goes on from here.")
