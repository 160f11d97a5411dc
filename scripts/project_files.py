"""The files of the project, as git sees them. `copy DIR` puts them into a folder of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def project_files(root: Path = ROOT, *, untracked: bool = True) -> list[str]:
    """Tracked files, and those about to be: neither tracked nor ignored. A file deleted on disk is gone."""
    options = ["--cached", "--others", "--exclude-standard"] if untracked else ["--cached"]
    done = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"git cannot list the files of {root}: {done.stderr.strip()}")
    names = {name for name in done.stdout.split("\0") if name}
    return sorted(name for name in names if (root / name).is_file())


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
