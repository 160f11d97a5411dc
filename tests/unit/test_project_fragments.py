"""Which changes need a changelog fragment, on a repository made for it; and which version may follow which."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from check_fragments import base_of, changes, problems, said
from release import ReleaseError, check_version

WHO = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false")
OLD = ("plugins/modules/ovh_a.py", "plugins/module_utils/_core/x.py", "roles/r_one/tasks/main.yml", "playbooks/go.yml")


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *WHO, *arguments], check=True, capture_output=True)


def write(root: Path, name: str, text: str = "new\n") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "A change")


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A repository with a released version."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    for name in (*OLD, "README.md"):
        write(tmp_path, name, "old\n")
    commit(tmp_path)
    git(tmp_path, "tag", "1.0.0")
    return tmp_path


def found(root: Path, asked: str | None = None) -> list[str]:
    base = base_of(asked, root).ref
    return problems(changes(base, root), said(base, root))


def test_nothing_that_users_feel_needs_nothing(released: Path) -> None:
    write(released, "README.md")
    write(released, "tests/unit/test_a.py")
    write(released, "roles/r_one/README.md")
    assert found(released) == []


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("name", OLD)
def test_a_change_needs_a_fragment(released: Path, name: str, committed: bool) -> None:
    write(released, name)
    if committed:
        commit(released)
    assert found(released) == ["There is no fragment at all."]


@pytest.mark.parametrize(
    ("name", "text", "missing"),
    [
        ("plugins/modules/ovh_a.py", "ovh_a - x", []),
        ("plugins/modules/ovh_a.py", "ovh_a_info - x", ["ovh_a changed, and no fragment names it."]),
        ("roles/r_one/defaults/main.yml", "r_one role - x", []),
        ("roles/r_one/defaults/main.yml", "ovh_a - x", ["r_one changed, and no fragment names it."]),
        ("playbooks/go.yml", "go playbook - x", []),
        ("plugins/module_utils/_core/x.py", "ovh_a - x", []),
        # New things are found by their version_added.
        ("plugins/modules/ovh_b.py", "anything", []),
        ("roles/r_two/meta/argument_specs.yml", "anything", []),
    ],
)
def test_the_fragment_names_what_changed(released: Path, name: str, text: str, missing: list[str]) -> None:
    write(released, name)
    write(released, "changelogs/fragments/x.yml", f"bugfixes: ['{text}']\n")
    assert found(released) == missing
    commit(released)
    assert found(released) == missing


def test_what_is_gone_is_named_too(released: Path) -> None:
    (released / OLD[0]).unlink()
    write(released, "changelogs/fragments/x.yml", "bugfixes: [something]\n")
    assert found(released) == ["ovh_a changed, and no fragment names it."]


def test_the_written_changelog_counts(released: Path) -> None:
    write(released, OLD[0])
    write(released, "changelogs/changelog.yaml", "releases: {1.1.0: {changes: {bugfixes: [ovh_a - x]}}}\n")
    assert found(released) == []


def test_a_fragment_of_before_the_branch_does_not_count(released: Path) -> None:
    write(released, "changelogs/fragments/x.yml", "bugfixes: [ovh_a - x]\n")
    commit(released)
    git(released, "checkout", "--quiet", "-b", "branch")
    write(released, OLD[0])
    commit(released)
    assert found(released) == []
    assert found(released, "main") == ["There is no fragment at all."]


def test_without_a_release_everything_is_new(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    write(tmp_path, OLD[0])
    commit(tmp_path)
    assert found(tmp_path) == ["There is no fragment at all."]
    write(tmp_path, "changelogs/fragments/x.yml", "release_summary: The first.\n")
    assert found(tmp_path) == []


def test_it_says_when_git_cannot_tell(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="failed"):
        found(tmp_path)


# --- versions ---


@pytest.mark.parametrize(
    ("version", "last", "sections"),
    [
        ("1.0.0", None, {"breaking_changes"}),
        ("1.0.1", "1.0.0", {"bugfixes", "trivial"}),
        ("1.1.0", "1.0.1", {"minor_changes", "deprecated_features"}),
        ("2.0.0", "1.9.9", {"removed_features"}),
        ("1.1.0-rc.1", "1.0.0", {"minor_changes"}),
    ],
)
def test_a_version_that_may_follow(version: str, last: str | None, sections: set[str]) -> None:
    check_version(version, last, sections)


@pytest.mark.parametrize(
    ("version", "last", "sections", "reason"),
    [
        ("1.0", None, set(), "semantic version"),
        ("v1.0.0", None, set(), "semantic version"),
        ("01.0.0", None, set(), "semantic version"),
        ("1.0.0", "1.0.0", {"bugfixes"}, "1.0.0 is not newer"),
        ("0.9.9", "1.0.0", {"bugfixes"}, "0.9.9 is not newer"),
        ("1.0.0-rc.1", "1.0.0", {"bugfixes"}, "1.0.0-rc.1 is not newer"),
        ("1.0.1", "1.0.0", {"minor_changes"}, "1.1.0 or more"),
        ("1.1.0", "1.0.0", {"breaking_changes"}, "2.0.0 or more"),
    ],
)
def test_a_version_that_may_not(version: str, last: str | None, sections: set[str], reason: str) -> None:
    with pytest.raises(ReleaseError, match=reason):
        check_version(version, last, sections)
