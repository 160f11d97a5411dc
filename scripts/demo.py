"""Run the main job against the embedded API: onboard five people, do it again, take a role away.

Needs no account and changes nothing outside a temporary folder, which is removed in the end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = Path("playbooks") / "examples"
PROJECT = "0123456789abcdef0123456789abcdef"
# The simulator's own, see docs/simulator.md.
KEYS = {
    "OVH_APPLICATION_KEY": "simulator-application-key",
    "OVH_APPLICATION_SECRET": "simulator-application-secret",
    "OVH_CONSUMER_KEY": "simulator-consumer-key",
}
AI_ROLE = "ai_training_operator"
SECONDS_TO_START = 20
SECONDS_TO_END = 10


class DemoError(Exception):
    """Something did not go as it should. The text is for people."""


def say(text: str = "") -> None:
    print(text, flush=True)


def collections_path() -> Path:
    """The folder that has `ansible_collections/cloudops/ovh`, which is this checkout."""
    if ROOT.parts[-3:] == ("ansible_collections", "cloudops", "ovh"):
        return ROOT.parents[2]
    path = ROOT / ".collections"
    if not (path / "ansible_collections" / "cloudops" / "ovh").exists():
        raise DemoError("The checkout is not set up yet. Run scripts/demo, or scripts/bootstrap demo before this.")
    return path


def environment(folder: Path) -> dict[str, str]:
    """The caller's, without settings and keys of Ansible and OVHcloud, and with a home of its own."""
    foreign = ("OVH_", "ANSIBLE_", "PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONINSPECT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    home = folder / "home"
    return {
        **kept,
        "HOME": str(home),
        # A module that is interrupted leaves what Ansible has sent for it.
        "TMPDIR": str(folder / "tmp"),
        "LC_ALL": "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8",
        # A proxy cannot reach this machine's loopback.
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(collections_path()),
        "ANSIBLE_HOME": str(home / ".ansible"),
        "ANSIBLE_LOCAL_TEMP": str(home / ".ansible" / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(home / ".ansible" / "remote"),
        "ANSIBLE_NOCOLOR": "1",
        # Without an inventory there is localhost, which is all that is needed.
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
    }


@contextlib.contextmanager
def running(command: list[str], env: dict[str, str], output: int) -> Iterator[subprocess.Popen[str]]:
    """A process that does not outlive the block. It gets a session of its own, so that Ctrl-C reaches only us."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def working_in(folder: Path) -> list[int]:
    """The processes that have the folder in their environment. None are found where there is no /proc, as on macOS."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.name != str(os.getpid()) and os.fsencode(folder) in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def end_the_rest(folder: Path) -> None:
    """Wait for what ansible-playbook left: told to end, it does so at once, and its workers and modules a moment later.

    Workers have sessions of their own, so that no group holds them all.
    """
    deadline = time.monotonic() + SECONDS_TO_END
    looks_in_vain = 0
    # Twice, because a process that is just becoming another program has no environment to look at.
    while looks_in_vain < 2:
        rest = working_in(folder)
        looks_in_vain = 0 if rest else looks_in_vain + 1
        if time.monotonic() > deadline:
            for number in rest:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
        time.sleep(0.02)


class Api:
    """The simulator, seen from its own side: what it holds and what it was asked, whatever a playbook says."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/1.0"
        self._control = f"http://127.0.0.1:{port}/_sim/"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _ask(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(self._control + path, method=method)
        with self._opener.open(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def roles(self) -> dict[str, list[str]]:
        """Who has an account, with which roles."""
        users = self._ask(f"projects/{PROJECT}/users")
        return {user["description"]: sorted(role["name"] for role in user["roles"]) for user in users}

    def forget_calls(self) -> None:
        self._ask("calls", "DELETE")

    def calls(self) -> int:
        return len(self._ask("calls"))


@contextlib.contextmanager
def simulator(folder: Path, port: int, env: dict[str, str]) -> Iterator[Api]:
    port_file = folder / "port"
    command = [sys.executable, "-m", "tests.simulator", "--port", str(port), "--port-file", str(port_file)]
    # New accounts take a second to be ready, as they take some on the real API.
    command += ["--exit-with-parent", "--creating", "1"]
    with running(command, env, subprocess.PIPE) as process:
        deadline = time.monotonic() + SECONDS_TO_START
        while not port_file.exists():
            if process.poll() is not None:
                reason = process.stdout.read().strip() if process.stdout else ""
                advice = " Is the port taken? Leave --port out to get one that is free." if port else ""
                raise DemoError(f"The embedded API did not start. {reason}.{advice}")
            if time.monotonic() > deadline:
                raise DemoError(f"The embedded API did not start within {SECONDS_TO_START} seconds.")
            time.sleep(0.02)
        yield Api(int(port_file.read_text()))


class Demo:
    """The three acts."""

    def __init__(self, api: Api, folder: Path, env: dict[str, str], verbose: bool) -> None:
        self._api = api
        self._verbose = verbose
        self._credentials = folder / "credentials"
        self._env = {**env, **KEYS, "OVH_ENDPOINT": api.url, "OVH_CLOUD_PROJECT_SERVICE": PROJECT}

    def _ansible(self, *arguments: str) -> str:
        """Run one of Ansible's programs and return its output."""
        with running([sys.executable, "-m", "ansible", *arguments], self._env, subprocess.PIPE) as process:
            output = process.communicate()[0]
        if self._verbose or process.returncode:
            say(output)
        if process.returncode:
            raise DemoError(f"ansible {arguments[0]} ended with status {process.returncode}; its output is above.")
        return output

    def _onboard(self, title: str, people: str) -> tuple[dict[str, list[str]], int]:
        """Run the playbook, show what it cost, and return the roles of everybody before it and its `changed`."""
        kept = json.dumps({"onboard_users_credentials_dir": str(self._credentials)})
        arguments = ["-e", f"@{EXAMPLES / people}", "-e", kept]
        say(f"\n{title}")
        say(f"  $ ansible-playbook cloudops.ovh.onboard {shlex.join(arguments)}")
        before = self._api.roles()
        self._api.forget_calls()
        started = time.monotonic()
        output = self._ansible("playbook", "cloudops.ovh.onboard", *arguments)
        found = re.search(r"^localhost .* changed=(\d+) ", output, re.MULTILINE)
        if found is None:
            raise DemoError(f"The playbook printed no recap:\n{output}")
        changed = int(found.group(1))
        self._show(before)
        say(f"  changed={changed}, {self._api.calls()} API calls, {time.monotonic() - started:.1f} s")
        return before, changed

    def _show(self, before: dict[str, list[str]]) -> None:
        for name, roles in sorted(self._api.roles().items()):
            shown = ", ".join(roles) or "no roles"
            if name not in before:
                say(f"  created    {name:<18} {shown}")
            elif before[name] != roles:
                say(f"  updated    {name:<18} {', '.join(before[name])}  ->  {shown}")
        unchanged = sum(before.get(name) == roles for name, roles in self._api.roles().items())
        if unchanged:
            say(f"  unchanged  {unchanged} people")

    def run(self) -> None:
        self._first()
        self._again()
        self._one_role_less()

    def _first(self) -> None:
        _before, changed = self._onboard("1. Five people who are new", "people.yml")
        files = sorted((self._credentials / PROJECT).glob("*.yml"))
        if (changed, len(files), len(self._api.roles())) != (1, 5, 5):
            raise DemoError("Five accounts and five credential files were expected.")
        say("  Their credentials:")
        for file in files:
            say(f"    {stat.filemode(file.stat().st_mode)} {file}")
        options = json.dumps({"credential_file": str(files[0]), "state": "verified"})
        self._ansible("adhoc", "localhost", "-m", "cloudops.ovh.ovh_cloud_user_credential", "-a", options)
        say("  ada@example.com logs in with hers: the API gave a token for it.")

    def _again(self) -> None:
        before, changed = self._onboard("2. The same again", "people.yml")
        if changed or before != self._api.roles():
            raise DemoError("The second run was to change nothing.")

    def _one_role_less(self) -> None:
        before, changed = self._onboard("3. One of them changes teams", "one_role_less.yml")
        expected = {**before, "linus@example.com": [role for role in before["linus@example.com"] if role != AI_ROLE]}
        if not changed or self._api.roles() != expected:
            raise DemoError(f"Only linus@example.com was to lose a role, and only {AI_ROLE}.")


def interrupt(number: int, frame: object) -> None:
    # What is under way is ended once, in order; more signals would only disturb that.
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def play(port: int, verbose: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="cloudops-ovh-demo-") as name:
        folder = Path(name)
        for part in ("home", "tmp"):
            (folder / part).mkdir()
        env = environment(folder)
        try:
            with simulator(folder, port, env) as api:
                say(f"An embedded API listens on {api.url}. No account is needed, nothing real is changed.")
                Demo(api, folder, env, verbose).run()
        finally:
            end_the_rest(folder)
    say("\nAll of that worked. The embedded API and the temporary folder are gone.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port of the embedded API (default: one that is free)")
    parser.add_argument("--verbose", action="store_true", help="show what Ansible prints")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        play(arguments.port, arguments.verbose)
    except KeyboardInterrupt:
        print("\nInterrupted. Everything was cleaned up.", file=sys.stderr)
        return 130
    except (DemoError, OSError) as error:
        print(f"The demo failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
