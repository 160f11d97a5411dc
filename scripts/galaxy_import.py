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
from versions import environment, run

PACKAGES = ("galaxy-importer==0.4.*",)
# What it has to say at its end; and nothing like the second.
SUCCESS = "Importer processing completed successfully"
COMPLAINT = re.compile(r"^(WARNING|ERROR|CRITICAL)\b.*", re.MULTILINE)


def main() -> None:
    programs = environment("galaxy-importer", Path(sys.executable), PACKAGES)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="galaxy-import-") as folder:
        tarball, _expected = build_project(Path(folder), untracked=True)
        # The importer calls ansible-doc and ansible-lint by name, and writes its result to where it is started.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "OVH_"))}
        env |= {"PATH": os.pathsep.join([str(programs), env.get("PATH", os.defpath)]), "HOME": folder}
        # As it is where Galaxy's users run it: the examples name the collection's playbooks, and ansible-lint follows.
        place = ("--offline", "--no-deps", "-p", str(Path(folder) / ".ansible" / "collections"))
        run([programs / "ansible-galaxy", "collection", "install", *place, tarball], env)
        done = subprocess.run(
            [str(programs / "python"), "-m", "galaxy_importer.main", str(tarball)],
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    complaints = [match[0] for match in COMPLAINT.finditer(done.stdout)]
    if done.returncode or complaints or SUCCESS not in done.stdout:
        print(done.stdout)
        sys.exit("\n".join(["galaxy-importer is not content.", *complaints]))
    loaded = len(re.findall(r"^Loading (?:module|role|playbook|inventory) ", done.stdout, re.MULTILINE))
    print(f"galaxy-importer is content with {tarball.name}: {loaded} plugins, roles and playbooks", end="")
    print(f" in {time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main()
