"""The rules of the architecture and of the repository, read from the files themselves."""

from __future__ import annotations

import ast
import functools
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from project_files import ROOT, project_files

PACKAGE = "ansible_collections.cloudops.ovh"
FILES = project_files()
PLUGINS = [name for name in FILES if name.startswith("plugins/") and name.endswith(".py")]
MODULES = [name for name in PLUGINS if re.fullmatch(r"plugins/modules/\w+\.py", name) and "__init__" not in name]
CORE = [name for name in PLUGINS if name.startswith("plugins/module_utils/_core/")]
SIMULATOR = [name for name in FILES if name.startswith("tests/simulator/") and name.endswith(".py")]

# Imports go one way: towards the lower number.
LAYERS = {
    "plugins/module_utils/_core/": 0,
    "plugins/module_utils/_api/": 1,
    "plugins/module_utils/_ansible/": 2,
    "plugins/": 3,
}

# The core has no clock, no randomness, no files, no network and no processes.
IMPURE_MODULES = {
    "asyncio",
    "concurrent",
    "ctypes",
    "ftplib",
    "glob",
    "http",
    "importlib",
    "io",
    "locale",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "platform",
    "pwd",
    "random",
    "secrets",
    "select",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
    "uuid",
}
IMPURE_CALLS = {"now", "utcnow", "today"}
IMPURE_BUILTINS = {"open", "input", "print", "exec", "eval", "__import__", "breakpoint"}

MAX_MODULE_LINES = 60
MAX_FUNCTION_LINES = 40
MAX_COMPLEXITY = 10
DOCUMENTATION_NAMES = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
FRAGMENTS = {"cloudops.ovh.connection", "cloudops.ovh.attributes"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def load(name: str) -> Any:
    return yaml.safe_load(read(name))


@functools.cache
def tree(name: str) -> ast.Module:
    return ast.parse(read(name), name)


def imports(source: ast.AST, name: str) -> Iterator[tuple[int, str]]:
    """Every import with its line, absolute: `from ..x import y` is resolved, and `from p import m` gives `p.m`."""
    package = [*PACKAGE.split("."), *Path(name).parent.parts]
    for node in ast.walk(source):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *filter(None, [node.module])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def layer(name: str) -> int:
    """The longest folder that fits decides."""
    folder = max((folder for folder in LAYERS if name.startswith(folder)), key=len)
    return LAYERS[folder]


def path_of(imported: str) -> str | None:
    """`ansible_collections.cloudops.ovh.plugins.x` as `plugins/x`; None where it is not ours."""
    inside = imported.removeprefix(f"{PACKAGE}.")
    return None if inside == imported else inside.replace(".", "/") + "/"


def is_or_is_below(imported: str, names: set[str]) -> bool:
    return any(imported == name or imported.startswith(f"{name}.") for name in names)


def backward_imports(source: ast.AST, name: str) -> list[str]:
    found = []
    for line, imported in imports(source, name):
        target = path_of(imported)
        if target is None:
            continue
        back = layer(target) > layer(name) if target.startswith("plugins/") else True
        # An entry point is no library for another one.
        if back or target.startswith("plugins/modules/"):
            found.append(f"{name}:{line} imports {imported}")
    return found


def impurities(source: ast.AST, name: str) -> list[str]:
    found = []
    for line, imported in imports(source, name):
        ours = path_of(imported) is not None
        if not ours and imported.partition(".")[0] not in sys.stdlib_module_names:
            found.append(f"{name}:{line} imports {imported}, which is not of the standard library")
        if is_or_is_below(imported, IMPURE_MODULES):
            found.append(f"{name}:{line} imports {imported}")
    for node in ast.walk(source):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in IMPURE_CALLS:
            found.append(f"{name}:{node.lineno} asks the clock: {function.attr}()")
        if isinstance(function, ast.Name) and function.id in IMPURE_BUILTINS:
            found.append(f"{name}:{node.lineno} calls {function.id}()")
    return found


def lines_of_code(text: str, skipped: set[int]) -> int:
    """Lines with code on them: neither blank nor only a comment, nor among those skipped."""
    quiet = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in quiet:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - skipped)


def span(node: ast.stmt) -> range:
    assert node.end_lineno is not None
    return range(node.lineno, node.end_lineno + 1)


def docstring_lines(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> set[int]:
    return set(span(node.body[0])) if ast.get_docstring(node, clean=False) is not None else set()


def assigned(node: ast.stmt) -> set[str]:
    """The names that a plain assignment sets."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def documentation_lines(source: ast.Module) -> set[int]:
    lines = docstring_lines(source)
    for node in source.body:
        if assigned(node) & DOCUMENTATION_NAMES:
            lines.update(span(node))
    return lines


def functions(source: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def complexity(function: ast.AST) -> int:
    """McCabe's count, as ruff's C901 counts it."""
    branches = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.FunctionDef, ast.AsyncFunctionDef)
    count = sum(isinstance(node, branches) for node in ast.walk(function))
    loops = (ast.For, ast.AsyncFor, ast.While, ast.Try)
    return count + sum(bool(node.orelse) for node in ast.walk(function) if isinstance(node, loops))


def too_big(source: ast.AST, name: str) -> list[str]:
    found = []
    for function in functions(source):
        length = len(set(span(function)) - docstring_lines(function))
        if length > MAX_FUNCTION_LINES:
            found.append(f"{name}:{function.lineno} {function.name} has {length} lines")
        if complexity(function) > MAX_COMPLEXITY:
            found.append(f"{name}:{function.lineno} {function.name} has a complexity of {complexity(function)}")
    return found


def blocks(name: str) -> dict[str, dict[str, Any]]:
    """The YAML of each text in capitals: a module's DOCUMENTATION, or the parts of a documentation fragment."""
    found = {}
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for key in assigned(node) - {"EXAMPLES", "RETURN"}:
                if key.isupper():
                    found[key] = yaml.safe_load(str(node.value.value))
    return found


def attributes(name: str) -> dict[str, dict[str, Any]]:
    """A module's attributes, as ansible-doc merges them from its fragments."""
    page = blocks(name)["DOCUMENTATION"]
    merged: dict[str, dict[str, Any]] = {}
    for fragment in page["extends_documentation_fragment"]:
        _namespace, _name, file, *part = fragment.split(".")
        block = blocks(f"plugins/doc_fragments/{file}.py")[part[0].upper() if part else "DOCUMENTATION"]
        for key, value in block.get("attributes", {}).items():
            merged[key] = {**value, **merged.get(key, {})}
    for key, value in page.get("attributes", {}).items():
        merged[key] = {**merged.get(key, {}), **value}
    return merged


def version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split("-")[0].split("."))


# --- the rules ---


def test_there_is_something_to_check() -> None:
    assert MODULES
    assert CORE
    assert SIMULATOR
    assert any(name.startswith("plugins/module_utils/_api/") for name in PLUGINS)
    assert any(name.startswith("plugins/module_utils/_ansible/") for name in PLUGINS)


def test_module_utils_belong_to_a_layer() -> None:
    inside = [name for name in PLUGINS if name.startswith("plugins/module_utils/")]
    assert [name for name in inside if layer(name) == 3 and name != "plugins/module_utils/__init__.py"] == []


@pytest.mark.parametrize("name", PLUGINS)
def test_imports_go_one_way(name: str) -> None:
    assert backward_imports(tree(name), name) == []


@pytest.mark.parametrize("name", CORE)
def test_the_core_is_pure(name: str) -> None:
    assert impurities(tree(name), name) == []


@pytest.mark.parametrize("name", [name for name in PLUGINS if name.startswith("plugins/module_utils/_api/")])
def test_the_api_layer_knows_nothing_of_ansible(name: str) -> None:
    assert [found for found in imports(tree(name), name) if is_or_is_below(found[1], {"ansible"})] == []


@pytest.mark.parametrize("name", SIMULATOR)
def test_the_simulator_shares_nothing_with_the_collection(name: str) -> None:
    """Nor with the client: a mistake made on both sides would hide itself."""
    foreign = {"ansible", "ovh", "plugins", f"{PACKAGE}.plugins"}
    assert [found for found in imports(tree(name), name) if is_or_is_below(found[1], foreign)] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_thin(name: str) -> None:
    assert lines_of_code(read(name), documentation_lines(tree(name))) <= MAX_MODULE_LINES


@pytest.mark.parametrize("name", PLUGINS)
def test_functions_are_small(name: str) -> None:
    assert too_big(tree(name), name) == []


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".py")])
def test_no_variable_is_called_underscore(name: str) -> None:
    """ansible-test's pylint refuses it, since Ansible's plugins use it for translations; this says so in a second."""
    names = (node for node in ast.walk(tree(name)) if isinstance(node, ast.Name) and node.id == "_")
    assert [f"{name}:{node.lineno}" for node in names if isinstance(node.ctx, ast.Store)] == []


def test_the_action_group_is_every_module() -> None:
    group = load("meta/runtime.yml")["action_groups"]["ovh"]
    assert group == sorted(Path(name).stem for name in MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_shares_its_documentation(name: str) -> None:
    page = blocks(name)["DOCUMENTATION"]
    assert set(page["extends_documentation_fragment"]) >= FRAGMENTS
    assert page["module"] == Path(name).stem
    for attribute in ("check_mode", "diff_mode"):
        assert attributes(name)[attribute]["support"] in {"full", "partial", "none", "N/A"}, attribute


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_not_from_the_future(name: str) -> None:
    assert version(blocks(name)["DOCUMENTATION"]["version_added"]) <= version(load("galaxy.yml")["version"])


def test_test_files_have_names_of_their_own() -> None:
    names = Counter(Path(name).name for name in FILES if re.fullmatch(r"tests/.*/test_\w+\.py", name))
    assert names
    assert [name for name, count in names.items() if count > 1] == []


def test_galaxy_and_meta_agree() -> None:
    galaxy = load("galaxy.yml")
    assert (galaxy["namespace"], galaxy["name"]) == ("cloudops", "ovh")
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9a-z.]+)?", galaxy["version"])
    assert galaxy["license"] == ["GPL-3.0-or-later"]
    assert galaxy["dependencies"] == {}
    assert galaxy["readme"] in FILES
    assert "GNU GENERAL PUBLIC LICENSE" in read("LICENSE")
    oldest = load("meta/runtime.yml")["requires_ansible"]
    assert oldest == ">=2.17.0"
    assert "ansible-core>=2.17" in read("tests/requirements-demo.txt").split()
    assert {"ovh>=1.2", "requests"} <= set(read("requirements.txt").split())
    assert load("tests/config.yml")["modules"]["python_requires"] == ">=3.9"
    assert 'target-version = "py39"' in read("pyproject.toml")


def test_roles_describe_their_options() -> None:
    roles = {name.split("/")[1] for name in FILES if name.startswith("roles/")}
    assert roles
    for role in roles:
        assert f"roles/{role}/meta/argument_specs.yml" in FILES


def test_no_file_names_one_machine_or_registry() -> None:
    # Written with a gap, so that this file does not find itself.
    gapped = ["/wo~rk/", "/tm~p/w", "../sha~red", "/ro~ot/", "py~pi.org", "index~-url"]
    words = [word.replace("~", "") for word in gapped]
    found = []
    for name in FILES:
        text = (ROOT / name).read_bytes().decode("utf-8", errors="replace")
        found += [f"{name}: {word}" for word in words if word in text]
    assert found == []


# --- the rules bite ---


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plugins/module_utils/_core/a.py", "from ansible_collections.cloudops.ovh.plugins.module_utils._api import b"),
        ("plugins/module_utils/_core/a.py", "from .._api import b"),
        ("plugins/module_utils/_core/a.py", "from ..._x import b"),
        ("plugins/module_utils/_api/a.py", "def f():\n    from .._ansible.b import c"),
        ("plugins/module_utils/_ansible/a.py", "import ansible_collections.cloudops.ovh.plugins.modules.ovh_b"),
        ("plugins/modules/a.py", "from ansible_collections.cloudops.ovh.plugins.modules import ovh_b"),
        ("plugins/modules/a.py", "from ansible_collections.cloudops.ovh.tests.simulator import b"),
    ],
)
def test_an_import_that_goes_back_is_noticed(name: str, text: str) -> None:
    assert len(backward_imports(ast.parse(text), name)) == 1


def test_an_import_that_goes_on_is_fine() -> None:
    text = "import json\nfrom .._core import b\nfrom . import c\nfrom .d import e"
    assert backward_imports(ast.parse(text), "plugins/module_utils/_api/a.py") == []


@pytest.mark.parametrize(
    "text",
    ["import time", "from os import path", "import urllib.request", "from urllib import request", "import requests",
     "import ovh", "import ansible.module_utils.basic", "import datetime\ndatetime.datetime.now()", "open('a')"],
)  # fmt: skip
def test_an_impure_core_is_noticed(text: str) -> None:
    assert len(impurities(ast.parse(text), "plugins/module_utils/_core/a.py")) == 1


def test_a_pure_core_is_fine() -> None:
    text = "import datetime, hashlib, re\nfrom urllib.parse import quote\nfrom .a import b\ndatetime.timedelta(days=1)"
    assert impurities(ast.parse(text), "plugins/module_utils/_core/a.py") == []


def test_lines_are_counted_without_documentation() -> None:
    text = '"""About."""\n# why\nDOCUMENTATION = """\na: b\n"""\n\nimport a\n\n\n'
    text += "def main():\n    # why\n    a.b(\n        c,\n    )\n"
    assert lines_of_code(text, documentation_lines(ast.parse(text))) == 5


def test_a_big_function_is_noticed() -> None:
    long = "def f():\n" + '    """' + "\n" * 50 + '"""\n' + "    a = 1\n" * 39
    assert too_big(ast.parse(long), "a.py") == []
    assert len(too_big(ast.parse(long + "    a = 1\n"), "a.py")) == 1
    branchy = "def f(a):\n" + "    if a:\n        pass\n" * 9
    assert too_big(ast.parse(branchy), "a.py") == []
    assert len(too_big(ast.parse(branchy + "    if a:\n        pass\n"), "a.py")) == 1
