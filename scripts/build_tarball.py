"""Build the tarball from the files that git knows, never from the folder as it lies, and check what is in it.

The same files give the same bytes, whenever and wherever they are packed (with one version of zlib).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
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
# The time of every file in the tarball: the oldest that zip files and the like can hold.
EPOCH = 315532800


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
    normalize(tarball)
    return tarball


def normalize(tarball: Path) -> None:
    """Pack again, without what differs from run to run: times, owners, the umask, and the order of the folder."""
    with tarfile.open(tarball) as archive:
        members = {member.name: member for member in archive.getmembers()}
        data = {name: archive.extractfile(member).read() for name, member in members.items() if member.isfile()}
    data["FILES.json"] = _sorted_list(data["FILES.json"])
    data["MANIFEST.json"] = _with_checksum(data["MANIFEST.json"], data["FILES.json"])
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(members, key=_place):
            archive.addfile(_plain(members[name], len(data.get(name, b""))), io.BytesIO(data.get(name, b"")))
    tarball.write_bytes(gzip.compress(packed.getvalue(), mtime=0))


def _place(name: str) -> tuple[int, str]:
    """Galaxy reads the manifest first, without unpacking the rest."""
    order = ("MANIFEST.json", "FILES.json")
    return (order.index(name) if name in order else len(order), name)


def _plain(member: tarfile.TarInfo, size: int) -> tarfile.TarInfo:
    plain = tarfile.TarInfo(member.name)
    plain.type, plain.linkname, plain.size = member.type, member.linkname, size
    plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    plain.mtime = int(os.environ.get("SOURCE_DATE_EPOCH", EPOCH))
    return plain


def _sorted_list(text: bytes) -> bytes:
    listing = json.loads(text)
    listing["files"].sort(key=lambda file: file["name"])
    return json.dumps(listing, indent=1).encode()


def _with_checksum(text: bytes, listing: bytes) -> bytes:
    manifest = json.loads(text)
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(listing).hexdigest()
    return json.dumps(manifest, indent=1).encode()


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
    print(f"sha256 {hashlib.sha256(tarball.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
