"""The command line: ``python -m tests.simulator``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading

from .auth import DEFAULT_CREDENTIALS
from .errors import ApiError
from .seed import load
from .simulator import DEFAULT_PROJECT, Simulator

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def rate(text: str) -> tuple[int, float]:
    """Read a rate such as ``10/s`` or ``60/m``."""
    number, _separator, unit = text.partition("/")
    if not number.isdigit() or int(number) < 1 or unit not in UNITS:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate such as 10/s or 60/m")
    return int(number), UNITS[unit]


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description="A simulated OVHcloud API.")
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=0, help="port to listen on (default: any that is free)")
    add("--port-file", metavar="FILE", help="write the port here once it listens")
    add("--project", action="append", metavar="ID", help=f"a project, repeatable (default: {DEFAULT_PROJECT})")
    add("--latency", type=float, default=0.0, metavar="SECONDS", help="time that every answer takes")
    add("--creating", type=float, default=0.0, metavar="SECONDS", help="time that a new user takes to be ok")
    add("--rate", type=rate, metavar="N/UNIT", help="limit of calls for each key, such as 60/m or 10/s")
    add("--seed", metavar="FILE.json", help="settings, projects and users to start with")
    add(
        "--exit-with-parent",
        nargs="?",
        type=int,
        const=0,
        metavar="PID",
        help="end when the parent process ends, or the process that is given",
    )
    for name, value in DEFAULT_CREDENTIALS.items():
        add("--" + name.replace("_", "-"), default=value, metavar="TEXT", help="(default: %(default)s)")
    return parser


def build_simulator(arguments: argparse.Namespace) -> Simulator:
    """Return the simulator that the options describe."""
    simulator = Simulator(
        projects=arguments.project or [DEFAULT_PROJECT],
        host=arguments.host,
        port=arguments.port,
        credentials={name: getattr(arguments, name) for name in DEFAULT_CREDENTIALS},
        latency=arguments.latency,
        creating=arguments.creating,
    )
    if arguments.seed:
        load(simulator, arguments.seed)
    if arguments.rate:
        simulator.rate_limit(*arguments.rate)
    return simulator


def write_port(path: str, port: int) -> None:
    """Write the port so that nobody can read half of it."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), prefix=".port-")
    with os.fdopen(handle, "w") as file:
        file.write(f"{port}\n")
    os.replace(temporary, path)


def is_alive(pid: int) -> bool:
    """Tell whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def watch(pid: int, parent: int, stop: threading.Event) -> None:
    """Set ``stop`` when the process ends; the parent has ended when this process has another one."""
    while not stop.wait(0.2):
        if not is_alive(pid) if pid else os.getppid() != parent:
            stop.set()


def serve(simulator: Simulator, arguments: argparse.Namespace, parent: int) -> None:
    """Serve until a signal or the end of the process that is watched."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with simulator:
        if arguments.port_file:
            write_port(arguments.port_file, simulator.port)
        print(f"OVHcloud API simulator: {simulator.url}", flush=True)
        if arguments.exit_with_parent is not None:
            threading.Thread(target=watch, args=(arguments.exit_with_parent, parent, stop), daemon=True).start()
        stop.wait()


def main(argv: list[str] | None = None) -> int:
    """Run the command line, and return its exit status."""
    parent = os.getppid()
    arguments = build_parser().parse_args(argv)
    try:
        simulator = build_simulator(arguments)
    except (OSError, ValueError, TypeError, LookupError, ApiError) as error:
        return fail(arguments.seed, error)
    try:
        serve(simulator, arguments, parent)
    except BrokenPipeError:
        return 0
    except (OSError, OverflowError) as error:
        return fail(getattr(error, "filename", None) or f"{arguments.host}:{arguments.port}", error)
    return 0


def fail(where: str, error: Exception) -> int:
    """Say in one line what went wrong, and return the exit status for it."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    print(f"simulator: {where}: {reason}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
