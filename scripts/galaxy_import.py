"""Import the collection as Galaxy does: its own checker, on the tarball. A warning fails as an error does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from build_tarball import build_project
from versions import environment

PACKAGES = ("galaxy-importer==0.4.*",)
# What it has to say at its end; and nothing like the second.
SUCCESS = "Importer processing completed successfully"
COMPLAINT = re.compile(r"^(WARNING|ERROR|CRITICAL)\b.*", re.MULTILINE)
# The importer tells ansible-lint a path one folder too deep, so that it never finds the collection that it is about.
# Where an example imports one of our playbooks, that is said; it is only right where the playbook is not there.
OWN_PLAYBOOK = re.compile(r"WARNING: ERROR +Failed to find cloudops\.ovh\.(\w+) playbook\.")


def is_there(complaint: str, packed: list[str]) -> bool:
    """Whether it is about a playbook of ours that is in the tarball."""
    match = OWN_PLAYBOOK.fullmatch(complaint.strip())
    return match is not None and f"playbooks/{match[1]}.yml" in packed


def main() -> None:
    programs = environment("galaxy-importer", Path(sys.executable), PACKAGES)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="galaxy-import-") as folder:
        tarball, packed = build_project(Path(folder), untracked=True)
        # The importer calls ansible-doc and ansible-lint by name, and writes its result to where it is started.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "OVH_"))}
        env |= {"PATH": os.pathsep.join([str(programs), env.get("PATH", os.defpath)]), "HOME": folder}
        done = subprocess.run(
            [str(programs / "python"), "-m", "galaxy_importer.main", str(tarball)],
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    complaints = [match[0] for match in COMPLAINT.finditer(done.stdout) if not is_there(match[0], packed)]
    if done.returncode or complaints or SUCCESS not in done.stdout:
        print(done.stdout)
        sys.exit("\n".join(["galaxy-importer is not content.", *complaints]))
    loaded = len(re.findall(r"^Loading (?:module|role|playbook|inventory) ", done.stdout, re.MULTILINE))
    print(f"galaxy-importer is content with {tarball.name}: {loaded} plugins, roles and playbooks", end="")
    print(f" in {time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main()
