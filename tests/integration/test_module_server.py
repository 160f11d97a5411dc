# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interpreter that runs the modules of most plays here does what Python does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.simulator import Simulator
from tests.support.playbook_client import servers
from tests.support.plays import play

SCRIPTS = {
    "nothing": "",
    "surroundings": "import os, sys\nprint(os.getcwd(), sorted(os.environ.items()), sys.argv, sys.executable)",
    "files": "import os, sys\nprint('out')\nprint('err', file=sys.stderr)\nos.write(1, b'raw')",
    "status": "raise SystemExit(7)",
    "message": "raise SystemExit('no')",
    "problem": "def f():\n    1 / 0\nf()",
    "signal": "import os\nos.kill(os.getpid(), 15)",
    "at-the-end": "import atexit, threading, time\natexit.register(print, 'last')\n"
    "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()",
    "imports": "import sys\nprint([name for name in sys.modules if name.startswith('ansible_collections')])",
    "main": "import __main__, sys\nprint(__main__ is sys.modules['__main__'], __main__.__dict__.get('__file__'))",
}


@pytest.mark.parametrize("way", ["standard input", "file", "command"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_runs_and_ends_as_with_python(tmp_path: Path, script: str, way: str) -> None:
    path = tmp_path / "AnsiballZ_script.py"
    path.write_text(SCRIPTS[script])
    arguments = {"standard input": [], "file": [str(path), "more"], "command": ["-c", SCRIPTS[script]]}[way]
    # What a shell adds by itself is there already, and what Python reads when it starts is the same.
    env = {name: value for name, value in os.environ.items() if name.startswith(("PYTHON", "PATH"))}
    env.update(PWD=str(tmp_path), LC_ALL="C.UTF-8", A="\udcff")
    ends = [
        subprocess.run(
            [python, *arguments],
            input=SCRIPTS[script] if way == "standard input" else "",
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=env,
            check=False,
        )
        for python in (sys.executable, servers().python)
    ]
    real, served = ((one.returncode, one.stdout, one.stderr) for one in ends)
    assert served == real


def test_a_module_goes_with_its_client(tmp_path: Path) -> None:
    script = f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()) + '.')\ntime.sleep(60)"
    client = subprocess.Popen([servers().python], stdin=subprocess.PIPE, text=True)
    assert client.stdin is not None
    client.stdin.write(script)
    client.stdin.close()
    found = tmp_path / "pid"
    deadline = time.monotonic() + 20
    while not (found.exists() and found.read_text().endswith(".")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    client.kill()
    client.wait()
    process = Path("/proc", found.read_text().rstrip("."))
    while process.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_play_is_the_same_either_way(tmp_path: Path, sim: Simulator) -> None:
    tasks = [
        {"name": "Ada", "cloudops.ovh.ovh_cloud_user": {"description": "ada"}, "no_log": True},
        {"name": "Bob", "cloudops.ovh.ovh_cloud_user": {"description": "bob"}, "ignore_errors": True},
        {"name": "Users", "cloudops.ovh.ovh_cloud_user_info": {}},
    ]
    first = play(tmp_path, sim, tasks=tasks)
    assert [one.status for one in first.results] == ["changed", "ignored", "ok"]
    results = [play(tmp_path, sim, tasks=tasks, real_python=real).results for real in (False, True)]
    assert results[0] == results[1]
