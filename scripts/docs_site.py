"""Build the documentation site in dist/site with antsibull-docs and Sphinx. A warning or a dead link fails.

The site is the collection's own documentation (plugins, roles, guides of docs/docsite) and the pages of the repository
as they are. Nothing is fetched: addresses elsewhere are only looked at, not called.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from project_files import ROOT, copy_project
from versions import environment

PACKAGES = (
    "ansible-core>=2.17",
    "antsibull-docs>=2.28,<3",
    "myst-parser>=4,<6",
    "ovh>=1.2",
    "requests",
    "sphinx>=8,<10",
    "sphinx-ansible-theme>=0.10,<0.11",
)
SITE = ROOT / "dist" / "site"
# Pages of the repository, and what they link to. They keep their places, so that links between them work.
PAGES = re.compile(r"[A-Z]+\.md|LICENSE|docs/[\w.-]+|roles/\w+/README\.md|playbooks/.*|meta/.*|\w+\.(txt|yml)")
# The guides name pages of the repository; on the site they become links.
NAMED_PAGE = re.compile(r"``((?:docs/)?([\w-]+))\.md``")
# What our pages refer to in Ansible's documentation, and where that is.
ANSIBLE = {
    "std:label common_return_values": "reference_appendices/common_return_values.html#common-return-values",
    "std:label ansible_configuration_settings": "reference_appendices/config.html#ansible-configuration-settings",
}
ANSIBLE |= {
    f"std:envvar {name}": f"reference_appendices/config.html#envvar-{name}"
    for name in (
        "ANSIBLE_CACHE_PLUGIN",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION",
        "ANSIBLE_CACHE_PLUGIN_PREFIX",
        "ANSIBLE_CACHE_PLUGIN_TIMEOUT",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED",
    )
}


def run(command: list[str | Path], **env: str) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(
        words, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{' '.join(words[:3])} … ended with {done.returncode}.")


def write_inventory(path: Path) -> None:
    """What Sphinx would fetch from Ansible's site, as far as it is needed."""
    lines = []
    for name, place in sorted(ANSIBLE.items()):
        kind, _space, label = name.partition(" ")
        lines.append(f"{label} {kind} -1 {place} {label}\n")
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: latest\n# The rest is compressed using zlib.\n"
    path.write_bytes(head.encode() + zlib.compress("".join(lines).encode()))


def link_pages(guide: Path, source: Path) -> None:
    def link(match: re.Match[str]) -> str:
        if not (source / f"{match[1]}.md").is_file():
            sys.exit(f"{guide.name} names {match[1]}.md, which is not there.")
        return f":doc:`{match[1]}.md </{match[1]}>`"

    guide.write_text(NAMED_PAGE.sub(link, guide.read_text(encoding="utf-8")), encoding="utf-8")


def write_pages(programs: Path, work: Path) -> Path:
    """The folder that Sphinx reads."""
    tree = work / "ansible_collections" / "cloudops" / "ovh"
    source = work / "source"
    (source / "collection").mkdir(mode=0o755, parents=True)
    for name in copy_project(tree):
        if PAGES.fullmatch(name):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tree / name, source / name)
    options = ("--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", source / "collection")
    path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
    settings = {"PATH": path, "ANSIBLE_COLLECTIONS_PATH": str(work), "HOME": str(work)}
    run([programs / "antsibull-docs", "collection", *options, "cloudops.ovh"], **settings)
    for guide in (source / "collection" / "docsite").glob("*.rst"):
        link_pages(guide, source)
    shutil.copytree(ROOT / "scripts" / "site", source, dirs_exist_ok=True)
    write_inventory(source / "ansible.inv")
    return source


# --- links ---


class Page(HTMLParser):
    """The links of a page, and the places in it that others can link to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors.update(filter(None, (found.get("id"), found.get("name"))))
        link = found.get("href") if tag in ("a", "link") else found.get("src")
        if link:
            self.links.append(link)


def dead_links(site: Path) -> tuple[list[str], int]:
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    problems, count = [], 0
    for path, page in pages.items():
        for link in page.links:
            count += 1
            reason = problem(link, path, pages)
            if reason:
                problems.append(f"{path.relative_to(site.resolve())}: {link}: {reason}")
    return problems, count


def problem(link: str, path: Path, pages: dict[Path, Page]) -> str | None:
    """What is wrong with a link, None if nothing is."""
    parts = urlsplit(link)
    if parts.scheme in ("http", "https"):
        return (
            None if re.fullmatch(r"[\w.-]+\.[a-z]+(:\d+)?|127\.0\.0\.1(:\d+)?", parts.netloc) else "no such host can be"
        )
    if parts.scheme in ("mailto", "data"):
        return None
    if parts.scheme:
        return "unknown scheme"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return "no such file"
    if target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return "no such place in the page"
    return None


def main() -> None:
    programs = environment("docs", Path(sys.executable), PACKAGES)
    with tempfile.TemporaryDirectory(prefix="docs-") as folder:
        source = write_pages(programs, Path(folder))
        built = Path(folder) / "built"
        run([programs / "sphinx-build", "-W", "--keep-going", "-q", "-b", "html", source, built])
        problems, count = dead_links(built)
        pages = len(list(built.rglob("*.html")))
        if problems:
            sys.exit("Dead links:\n" + "\n".join(problems))
        shutil.rmtree(SITE, ignore_errors=True)
        shutil.copytree(built, SITE, ignore=shutil.ignore_patterns(".doctrees", ".buildinfo", "objects.inv"))
    print(f"{SITE.relative_to(ROOT)}: {pages} pages, {count} links, no warning, no dead link.")


if __name__ == "__main__":
    main()
