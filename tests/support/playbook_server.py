# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that has imported ansible-core and forks one ``ansible-playbook`` or ``ansible-inventory`` after the other.

Half of the CPU time of a short play is the import of ansible-core. A forked run is the real program from its arguments
to its exit: what it reads from the environment is read again. Reads one JSON order a line, answers one line.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import sys
import time
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache

#: Read once, when ansible-core is imported: a run that sets one of these needs a process of its own.
READ_AT_IMPORT = frozenset(
    ("ANSIBLE_CONFIG", "ANSIBLE_STRATEGY", "ANSIBLE_LOG_PATH", "ANSIBLE_DEBUG", "ANSIBLE_CALLBACK_PLUGINS")
)


#: Plugins of ansible-core that nearly every run loads, be it only to see what they are called.
PLUGINS = ("callback", "connection", "doc_fragments", "inventory", "shell", "strategy", "vars")
#: Those of which loading takes long: they define options in YAML, or a worker for each task loads all of them.
LOADED = ("become", "cache", "callback", "connection", "filter", "inventory", "shell", "strategy", "test", "vars")
#: What the code of a template depends on, besides its text.
SETTINGS = (
    "__class__",
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
    "line_statement_prefix",
    "line_comment_prefix",
    "trim_blocks",
    "lstrip_blocks",
    "newline_sequence",
    "keep_trailing_newline",
)


def prepare() -> None:
    """Import what a run imports, load the plugins, and parse the large files of ansible-core that no run changes."""
    import ansible.cli.inventory
    import ansible.cli.playbook
    import ansible.executor.task_executor
    from ansible.config.manager import ConfigManager
    from ansible.plugins import loader
    from ansible.utils.collection_loader import _collection_finder

    root = Path(ansible.__file__).parent
    for kind in PLUGINS:
        for one in pkgutil.iter_modules([str(root / "plugins" / kind)], f"ansible.plugins.{kind}."):
            # Some need what is not here, and no run has them.
            with contextlib.suppress(ImportError):
                importlib.import_module(one.name)
    definitions = functools.cache(functools.partial(ConfigManager._read_config_yaml_file, None))
    definitions(str(root / "config" / "base.yml"))
    ConfigManager._read_config_yaml_file = lambda _self, path: definitions(path)
    routes = functools.cache(_collection_finder._meta_yml_to_dict)
    routes((root / "config" / "ansible_builtin_runtime.yml").read_bytes(), ("ansible.builtin", "runtime.yml"))
    _collection_finder._meta_yml_to_dict = routes
    for kind in LOADED:
        list(getattr(loader, f"{kind}_loader").all(class_only=True))


def remember_templates(folder: str) -> None:
    """Have each template compiled once for all runs. Every worker of a play would compile those of its task anew."""
    cache = FileSystemBytecodeCache(folder)
    compiled = Environment.compile

    def compile_once(environment: Environment, source: Any, *args: Any, **options: Any) -> Any:
        if not isinstance(source, str) or args or options:
            return compiled(environment, source, *args, **options)
        settings = [str(getattr(environment, name)) for name in SETTINGS]
        bucket = cache.get_bucket(environment, "\n".join([*settings, source]), None, source)
        if bucket.code is None:
            bucket.code = compiled(environment, source)
            cache.set_bucket(bucket)
        return bucket.code

    Environment.compile = compile_once


def run(order: dict[str, Any]) -> None:
    """Be ``ansible-playbook``, or another program of ansible-core."""
    gc.disable()
    os.setsid()
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    for descriptor, path in ((0, os.devnull), (1, order["out"]), (2, order["err"])):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    from ansible import constants
    from ansible.cli import inventory, playbook

    documented = constants.config._plugins
    importlib.reload(constants)
    constants.config._plugins = documented
    # A thousand looks a second for the end of a task are worth it for a play alone, not for several side by side.
    constants.DEFAULT_INTERNAL_POLL_INTERVAL = 0.005
    if order["python"]:
        sys.executable = order["python"]
    remember_templates(order["templates"])
    if order["payloads"]:
        os.symlink(order["payloads"], os.path.join(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache"))
    programs = {"playbook": playbook.PlaybookCLI, "inventory": inventory.InventoryCLI}
    sys.argv = ["ansible-" + order["program"], *order["arguments"]]
    programs[order["program"]].cli_executor(sys.argv)


def fork(order: dict[str, Any]) -> int:
    """Start a run, and return its process."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        run(order)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def ended(pid: int, timeout: float) -> int | None:
    """Return the status of a run, or None where it does not end in time; it is killed then."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(pid, 9)
    os.waitpid(pid, 0)
    return None


def main() -> None:
    """Follow orders until standard input ends."""
    prepare()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        sys.stdout.write(json.dumps(ended(fork(order), order["timeout"])) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    # The code that runs shall not be found beside this file.
    sys.path[:] = [path for path in sys.path if path and Path(path) != Path(__file__).parent]
    main()
