"""Compare with the last release, or with where a branch began: a change that users can feel has a changelog fragment.

What changed under plugins/, roles/ and playbooks/ and was there before has to be named by a fragment (or, once the
changelog is written, by its entry). A new module, role or playbook needs none: the changelog finds it by its
`version_added`. Code that several share (module_utils, doc_fragments) needs any fragment.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from project_files import ROOT

WATCHED = ("plugins", "roles", "playbooks")
# The only thing in these files that nobody runs.
NOT_FELT = re.compile(r"roles/\w+/README\.md|.*/\.\w+")
# A plugin, a role or a playbook, by the name that the changelog gives it.
OWN_NAME = re.compile(
    r"plugins/(?:modules|inventory|lookup|filter|callback)/(?P<plugin>\w+)\.py"
    r"|roles/(?P<role>\w+)/.*"
    r"|playbooks/(?P<playbook>\w+)\.yml"
)
# The hash of git's empty tree: what there was before the first commit.
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


class Base(NamedTuple):
    """What to compare with, and how to call it."""

    ref: str
    name: str


class Change(NamedTuple):
    """A changed file. ``new``: it was not there before."""

    path: str
    new: bool


def git(*arguments: str, root: Path = ROOT) -> str | None:
    """None where git fails, as it does for what is not there."""
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout.strip()


def lines(*arguments: str, root: Path = ROOT) -> list[str]:
    output = git(*arguments, root=root)
    if output is None:
        raise SystemExit(f"git {' '.join(arguments)} failed in {root}.")
    return output.splitlines()


def base_of(asked: str | None, root: Path = ROOT) -> Base:
    """A branch is compared with where it left the main one; the main one with its last release."""
    if asked is not None:
        common = git("merge-base", asked, "HEAD", root=root)
        if common is None:
            raise SystemExit(f"git knows no common ancestor of {asked} and HEAD.")
        return Base(common, asked)
    head = git("rev-parse", "HEAD", root=root)
    common = git("merge-base", "origin/HEAD", "HEAD", root=root)
    if common and common != head:
        return Base(common, "origin/HEAD")
    tag = last_tag(root)
    return Base(tag, tag) if tag else Base(EMPTY_TREE, "nothing, because nothing is released")


def last_tag(root: Path = ROOT) -> str | None:
    """The newest release that this commit comes from."""
    return git("describe", "--tags", "--abbrev=0", "--match", "[0-9]*", root=root)


def changes(base: str, root: Path = ROOT) -> list[Change]:
    """With what is not committed yet, so that it can be asked before a commit."""
    listed = lines("diff", "--name-status", "--no-renames", base, "--", *WATCHED, root=root)
    found = [Change(path, status == "A") for status, path in (line.split("\t") for line in listed)]
    found += [Change(path, True) for path in untracked(*WATCHED, root=root)]
    return [change for change in found if not NOT_FELT.fullmatch(change.path)]


def untracked(*folders: str, root: Path = ROOT) -> list[str]:
    return lines("ls-files", "--others", "--exclude-standard", "--", *folders, root=root)


def said(base: str, root: Path = ROOT) -> str:
    """What was added to the fragments and to the changelog made from them."""
    options = ("--unified=0", "--no-renames", "--diff-filter=AM")
    added = lines("diff", *options, base, "--", "changelogs", root=root)
    parts = [line[1:] for line in added if line.startswith("+") and not line.startswith("+++")]
    parts += [(root / path).read_text(encoding="utf-8") for path in untracked("changelogs", root=root)]
    return "\n".join(parts)


def owner(path: str) -> str | None:
    match = OWN_NAME.fullmatch(path)
    return next(filter(None, match.groups())) if match else None


def problems(found: list[Change], text: str) -> list[str]:
    """What no fragment speaks of."""
    if not found:
        return []
    if not text.strip():
        return ["There is no fragment at all."]
    old = {owner(change.path) for change in found if not change.new}
    # A file that is new in a role that is not: the role changed.
    new = {owner(change.path) for change in found if change.new and not change.path.startswith("roles/")}
    roles = {owner(change.path) for change in found if change.path.endswith("/meta/argument_specs.yml") and change.new}
    names = {owner(change.path) for change in found} - new - roles | old
    missing = sorted(name for name in names - {None} if not re.search(rf"\b{name}\b", text))
    return [f"{name} changed, and no fragment names it." for name in missing]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--base", help="compare with where this branch or commit was left")
    base = base_of(parser.parse_args().base)
    found = changes(base.ref)
    missing = problems(found, said(base.ref))
    if missing:
        sys.exit(
            "\n".join(missing)
            + f"\nCompared with {base.name}. Add a file to changelogs/fragments/, such as\n"
            + 'bugfixes: ["ovh_cloud_user - …"]\n(or `trivial:` with the name, where nobody can feel it).'
        )
    print(f"{len(found)} files that users can feel changed since {base.name}. Each is in the changelog.")


if __name__ == "__main__":
    main()
