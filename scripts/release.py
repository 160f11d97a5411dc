"""Prepare a release: check, write the changelog, build the tarball twice, install it somewhere empty and try it.

All of it happens in a copy. Only when everything went well do the changelog, the version and the tarball come here, to
be looked at, committed and tagged. A release that fails leaves the checkout as it was.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from build_tarball import build, content, differences, expected_content
from check_fragments import git, last_tag
from project_files import ROOT, copy_project

VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?")
# Semantic versioning, by the sections of the changelog.
MAJOR = {"breaking_changes", "removed_features"}
MINOR = {"major_changes", "minor_changes", "deprecated_features"}
# What a release writes.
WRITTEN = ("galaxy.yml", "CHANGELOG.md", "changelogs")
NEXT = """
Ready: dist/{name}. Look at `git diff`, then:

    git add --all CHANGELOG.md changelogs galaxy.yml && git commit -m "Release {version}"
    git tag -a {version} -m "cloudops.ovh {version}"
    git push origin main {version}
    ansible-galaxy collection publish dist/{name}
"""


class ReleaseError(Exception):
    """Why there is no release. The text is for people."""


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    done = subprocess.run([str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})}, check=False)
    if done.returncode:
        raise ReleaseError(f"{' '.join(map(str, command))} ended with {done.returncode}.")


# --- the version ---


def parse(version: str) -> tuple[int, int, int, bool, str]:
    """Sorts as versions do: what has a suffix comes before the version itself."""
    match = VERSION.fullmatch(version)
    if match is None:
        raise ReleaseError(f"{version!r} is no semantic version such as 1.2.3 or 1.3.0-rc.1.")
    major, minor, patch = (int(match[number]) for number in (1, 2, 3))
    return major, minor, patch, match[4] is None, match[4] or ""


def least(last: str, sections: set[str]) -> str:
    """The smallest version that may follow, by what the fragments say."""
    major, minor, patch, _final, _suffix = parse(last)
    if sections & MAJOR:
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if sections & MINOR else f"{major}.{minor}.{patch + 1}"


def check_version(version: str, last: str | None, sections: set[str]) -> None:
    wanted = parse(version)
    if last is None:
        return
    if wanted <= parse(last):
        raise ReleaseError(f"{version} is not newer than {last}, the last release.")
    allowed = least(last, sections)
    if wanted[:3] < parse(allowed)[:3]:
        found = ", ".join(sorted(sections & (MAJOR | MINOR)))
        raise ReleaseError(f"The fragments have {found}: after {last} this is {allowed} or more, not {version}.")


def fragment_sections(root: Path) -> set[str]:
    names = sorted((root / "changelogs" / "fragments").glob("*.y*ml"))
    return {section for name in names for section in yaml.safe_load(name.read_text(encoding="utf-8"))}


def has_entry(version: str, root: Path) -> bool:
    """Whether the changelog of that version is written already."""
    path = root / "changelogs" / "changelog.yaml"
    return path.is_file() and version in yaml.safe_load(path.read_text(encoding="utf-8"))["releases"]


def galaxy_version() -> str:
    return str(yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"])


def next_version() -> str:
    """What would be released now: with fragments the next version, without any the one that is there."""
    last, sections = last_tag(), fragment_sections(ROOT)
    return least(last, sections) if last and sections else galaxy_version()


def check_state(version: str, *, dry_run: bool) -> None:
    sections = fragment_sections(ROOT)
    if not sections and not has_entry(version, ROOT):
        raise ReleaseError(f"Nothing to release: no fragment in changelogs/fragments, no {version} in the changelog.")
    # One that is out already can be built again, to compare.
    if not (dry_run and not sections):
        check_version(version, last_tag(), sections)
    if not dry_run and git("status", "--porcelain"):
        raise ReleaseError("The checkout has changes that are not committed. Commit them or put them aside.")


# --- the steps ---


def check_project() -> None:
    say("Lint and tests")
    run(ROOT / "scripts" / "lint")
    run(ROOT / "scripts" / "test")


def write_changelog(tree: Path, version: str) -> None:
    say(f"Changelog of {version}")
    set_version(tree / "galaxy.yml", version)
    changelog = Path(sys.executable).with_name("antsibull-changelog")
    if fragment_sections(tree):
        # One that was prepared and is not out yet takes in what came since, and the date of today.
        run(changelog, "release", "--update-existing", cwd=tree, env=programs())
    run(changelog, "lint", cwd=tree, env=programs())
    # antsibull-changelog escapes the dots of a heading.
    if f"## v{version}" not in (tree / "CHANGELOG.md").read_text(encoding="utf-8").replace("\\", ""):
        raise ReleaseError(f"CHANGELOG.md has no heading for {version}.")
    # A cache is no file of the project.
    (tree / "changelogs" / ".plugin-cache.yaml").unlink(missing_ok=True)


def set_version(galaxy: Path, version: str) -> None:
    text = galaxy.read_text(encoding="utf-8")
    text, count = re.subn(r"^version: .*$", f"version: {version}", text, flags=re.MULTILINE)
    if count != 1:
        raise ReleaseError("galaxy.yml has no line `version: …`.")
    galaxy.write_text(text, encoding="utf-8")


def programs() -> dict[str, str]:
    """antsibull-changelog looks for ansible-doc on PATH."""
    return {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])}


def build_twice(tree: Path, work: Path) -> Path:
    """From two copies, so that neither time nor folder can get into it."""
    say("Tarball, twice")
    tarballs = []
    for name in ("one", "two"):
        copy = work / name / "source"
        shutil.copytree(tree, copy, copy_function=shutil.copy)
        tarballs.append(build(copy, work / name / "dist"))
    first, second = (hashlib.sha256(tarball.read_bytes()).hexdigest() for tarball in tarballs)
    if first != second:
        raise ReleaseError(f"The same files gave two tarballs: {first} and {second}.")
    names = [path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()]
    unlike = differences(tarballs[0], expected_content(names))
    if unlike:
        raise ReleaseError("The tarball differs from the files of the project:\n" + "\n".join(unlike))
    print(f"{tarballs[0].name}: {len(content(tarballs[0]))} files, sha256 {first}, twice the same")
    return tarballs[0]


def try_it(tarball: Path, work: Path) -> None:
    """As a user does: a new environment, the tarball, nothing of the checkout. Then the demo, of what was installed."""
    say("Installed into an empty environment")
    venv, home = work / "venv", work / "home"
    home.mkdir()
    (work / "none.cfg").touch()
    run(sys.executable, "-m", "venv", venv)
    python = venv / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "ansible-core>=2.17")
    alone = {
        "HOME": str(home),
        "ANSIBLE_HOME": str(home / ".ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(work / "installed"),
    }
    alone |= {"ANSIBLE_CONFIG": str(work / "none.cfg"), "PATH": f"{venv / 'bin'}{os.pathsep}{os.defpath}"}
    options = ("--offline", "--no-deps", "-p", str(work / "installed"))
    run(venv / "bin" / "ansible-galaxy", "collection", "install", *options, tarball, cwd=work, env=alone)
    installed = work / "installed" / "ansible_collections" / "cloudops" / "ovh"
    # The requirements are those that the tarball brings.
    requirements = installed / "requirements.txt"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements)
    run(venv / "bin" / "ansible-galaxy", "collection", "verify", "--offline", "cloudops.ovh", cwd=work, env=alone)
    # The tarball has no scripts. The demo takes everything else from the folder that it lies in.
    (installed / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "demo.py", installed / "scripts")
    run(python, installed / "scripts" / "demo.py", cwd=work, env=alone)


def take_over(tree: Path, tarball: Path) -> None:
    """Bring what the release wrote into the checkout."""
    for name in WRITTEN:
        source, target = tree / name, ROOT / name
        if source.is_dir():
            shutil.rmtree(target)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*"))
        else:
            shutil.copyfile(source, target)
    (ROOT / "changelogs" / "fragments").mkdir(exist_ok=True)
    dist = ROOT / "dist"
    dist.mkdir(exist_ok=True)
    for old in dist.glob("*.tar.gz"):
        old.unlink()
    shutil.copy(tarball, dist)


def release(version: str, *, dry_run: bool) -> None:
    check_state(version, dry_run=dry_run)
    if not dry_run:
        check_project()
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        work = Path(folder)
        tree = work / "ansible_collections" / "cloudops" / "ovh"
        copy_project(tree, untracked=False)
        write_changelog(tree, version)
        tarball = build_twice(tree, work)
        try_it(tarball, work)
        if dry_run:
            say(f"{version} can be released. Nothing was changed: this was a dry run.")
            return
        take_over(tree, tarball)
    print(NEXT.format(name=tarball.name, version=version))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("version", nargs="?", help="such as 1.2.3; a dry run finds one by itself")
    parser.add_argument("--dry-run", action="store_true", help="change nothing; leave lint and tests out")
    options = parser.parse_args(arguments)
    if options.version is None and not options.dry_run:
        parser.error("which version? Such as 1.2.3")
    try:
        release(options.version or next_version(), dry_run=options.dry_run)
    except ReleaseError as error:
        sys.exit(f"No release: {error}")


if __name__ == "__main__":
    main()
