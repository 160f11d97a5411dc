"""The files of the project, as git sees them. `copy DIR` puts them into a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def project_files(root: Path = ROOT, *, untracked: bool = True) -> list[str]:
    """Tracked files, and those about to be: neither tracked nor ignored. A file deleted on disk is gone.

    Without a repository, as in an unpacked archive, all that is not ignored; raises :class:`RuntimeError` there if only
    tracked files are wanted, because what lies around must not be published.
    """
    if (root / ".git").exists():
        options = ["--cached", "--others", "--exclude-standard"] if untracked else ["--cached"]
        # A checkout can be somebody else's, as one that is mounted into a container.
        listed = git("-c", f"safe.directory={root}", "-C", str(root), "ls-files", "-z", *options)
    elif not untracked:
        raise RuntimeError(f"{root} is no git checkout, so nobody knows which of its files are the project's.")
    else:
        with tempfile.TemporaryDirectory() as folder:
            git("init", "--quiet", "--bare", folder)
            place = (f"--git-dir={folder}", f"--work-tree={root}", "-C", str(root))
            listed = git(*place, "-c", "core.bare=false", "ls-files", "-z", "--others", "--exclude-standard")
    names = {name for name in listed.split("\0") if name}
    return sorted(name for name in names if (root / name).is_file())


def git(*arguments: str) -> str:
    """Return what git prints; raises :class:`RuntimeError` where it fails. A hook's own settings are not for us."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(["git", *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def copy_project(destination: Path, root: Path = ROOT, *, untracked: bool = True) -> list[str]:
    names = project_files(root, untracked=untracked)
    for name in names:
        target = destination / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target, follow_symlinks=False)
    return names


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "copy":
        sys.exit("usage: project_files.py copy DIR")
    copy_project(Path(sys.argv[2]))
