"""Build the tarball from the files that git knows, never from the folder as it lies, and check what is in it."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from project_files import ROOT, copy_project

# The one list of what stays out of the tarball on purpose: tools of a checkout and their tests.
# galaxy.yml's build_ignore does it.
# Hidden files at the root (settings of git, CI, editors and linters) stay out as well.
LEFT_OUT = ("Makefile", "ansible.cfg", "galaxy.yml", "scripts/", "tests/unit/test_project_")
# Written by ansible-galaxy.
ADDED = ("FILES.json", "MANIFEST.json")


def expected_content(names: list[str]) -> list[str]:
    kept = [name for name in names if not name.startswith((".", *LEFT_OUT))]
    return sorted([*kept, *ADDED])


def content(tarball: Path) -> list[str]:
    with tarfile.open(tarball) as archive:
        return sorted(member.name for member in archive.getmembers() if not member.isdir())


def build(source: Path, destination: Path) -> Path:
    """Run ansible-galaxy on a folder as it is."""
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    command = [str(galaxy), "collection", "build", "--force", "--output-path", str(destination), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"ansible-galaxy collection build failed:\n{done.stdout}{done.stderr}")
    (tarball,) = destination.glob("*.tar.gz")
    return tarball


def build_project(destination: Path, *, untracked: bool = False) -> tuple[Path, list[str]]:
    """The tarball, and what ought to be in it."""
    with tempfile.TemporaryDirectory() as folder:
        names = copy_project(Path(folder), untracked=untracked)
        return build(Path(folder), destination), expected_content(names)


def differences(tarball: Path, expected: list[str]) -> list[str]:
    found = content(tarball)
    missing = [f"missing: {name}" for name in expected if name not in found]
    return missing + [f"not expected: {name}" for name in found if name not in expected]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--untracked", action="store_true", help="also pack files that git does not track yet")
    arguments = parser.parse_args()
    destination = ROOT / "dist"
    destination.mkdir(exist_ok=True)
    for old in destination.glob("*.tar.gz"):
        old.unlink()
    tarball, expected = build_project(destination, untracked=arguments.untracked)
    problems = differences(tarball, expected)
    if problems:
        raise SystemExit("The tarball differs from the files that git knows:\n" + "\n".join(problems))
    print(f"{tarball.relative_to(ROOT)}: {len(expected)} files, as expected.")


if __name__ == "__main__":
    main()
