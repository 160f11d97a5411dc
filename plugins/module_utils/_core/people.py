# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of people, as items that ``ovh_cloud_users`` takes: out of the text of a CSV file, and who is meant by them.

All that is wrong with a file is said at once, each with its line, since whoever repairs it has an editor that counts
them.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .desired import IDENTITY_KEYS, ITEM_KEYS, parse_item
from .errors import InputError, kind_of

DELIMITERS = (",", ";", "\t")
_LISTS = ("roles", "revoke_roles")
#: Spreadsheets write TRUE and Present where people wrote true and present.
_WORDS = ("state", "update_password", "purge_roles", "s3_credentials", "ai_tokens")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_MOST_PROBLEMS = 10
#: What an item says besides who it is.
_WISHES = ITEM_KEYS.difference(IDENTITY_KEYS)


class Row(NamedTuple):
    """One record, ``where`` it stands, and its cells by column."""

    where: str
    cells: Mapping[str, object]


def people_from_csv(source: object, delimiter: str | None = None, where: object = None) -> list[dict[str, Any]]:
    """Return the people in the text of a CSV file, or in rows that were parsed already.

    ``where``: values by column, such as ``{"project": "research"}``. Only rows with that value, or none, are taken.

    Raises :class:`InputError`, which says the line of each thing that is wrong.
    """
    if delimiter is not None and delimiter not in (*DELIMITERS, "|"):
        raise InputError(f"delimiter must be a comma, a semicolon, a tab or a bar, not {delimiter!r}.")
    wanted = _check_where(where)
    if isinstance(source, str):
        rows = list(_rows_of_text(source, delimiter, wanted))
    elif isinstance(source, Sequence) and all(isinstance(row, Mapping) for row in source):
        rows = list(_parsed_rows(source, wanted))
    else:
        raise InputError(f"users_from_csv takes the text of a CSV file, or a list of its rows, not {kind_of(source)}.")
    return _people(rows, wanted)


def identities(users: object) -> list[Any]:
    """Return a list of users without what the items ask for.

    Whatever else is in an item stays there, so that ``ovh_cloud_users`` refuses it by the item's number.
    """
    if isinstance(users, str):
        # As modules take a list from the command line.
        users = [part.strip() for part in users.split(",") if part.strip()]
    if not isinstance(users, Sequence):
        raise InputError("user_identities takes a list of users.")
    return [_without_wishes(user) if isinstance(user, Mapping) else user for user in users]


def _without_wishes(user: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in user.items() if key not in _WISHES}


def _check_where(where: object) -> dict[str, str]:
    if where is None:
        return {}
    if not isinstance(where, Mapping) or not all(isinstance(one, str) for pair in where.items() for one in pair):
        raise InputError("where must be a mapping of column to value, such as {'project': 'research'}.")
    wanted = {_column(name): value for name, value in where.items()}
    both = sorted(set(wanted) & ITEM_KEYS)
    if both:
        raise InputError(f"where: {both[0]} says what a user shall be, so that it cannot choose rows.")
    return wanted


# From text to rows


def _rows_of_text(text: str, delimiter: str | None, more: Iterable[str]) -> Iterator[Row]:
    # Spreadsheets begin a UTF-8 file with a byte order mark.
    records = _records(text[1:] if text[:1] == "\ufeff" else text, delimiter)
    header = next(records, None)
    if header is None:
        raise InputError("The CSV is empty. Its first line names the columns, such as description,roles.")
    where, names = header
    absent = [name for name in more if name not in map(_column, names)]
    if absent:
        raise InputError(f"{where} names no column {absent[0]}, which where asks for.")
    columns = _columns(where, names, more)
    for where, values in records:
        surplus = [value for value in values[len(columns) :] if value.strip()]
        if surplus:
            raise InputError(
                "%s has %d values, and the header names %d columns. A value that has the delimiter in it needs quotes."
                % (where, len(values), len(columns))
            )
        cells = dict(zip(columns, values))
        if cells.get("", "").strip():
            raise InputError(f"{where}: {cells['']!r} is in a column without a name.")
        yield Row(where, {name: value for name, value in cells.items() if name})


def _records(text: str, delimiter: str | None) -> Iterator[tuple[str, list[str]]]:
    """Return each record that is not empty, with the line that it begins on."""
    lines = _LINE.findall(text)
    first = next((line for line in lines if line.strip()), "")
    reader = csv.reader(lines, delimiter=delimiter or _delimiter_of(first), strict=True)
    while True:
        where = "line %d" % (reader.line_num + 1)
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            raise InputError(f"{where} cannot be read as CSV: {problem}.") from None
        if any(value.strip() for value in values):
            yield where, values


def _delimiter_of(header: str) -> str:
    """Return the delimiter that the header uses most: a comma, or what spreadsheets of other languages write."""
    outside = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=outside.count)


def _parsed_rows(rows: Iterable[Mapping[Any, object]], more: Iterable[str]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        where = "row %d" % number
        cells = {str(name): value for name, value in row.items() if name is not None and not _is_blank(value)}
        yield Row(where, dict(zip(_columns(where, list(cells), more), cells.values())))


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _column(name: str) -> str:
    """Return a column's name as the key of an item: ``Update Password`` is ``update_password``."""
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


def _columns(where: str, names: Sequence[str], more: Iterable[str]) -> list[str]:
    """Return the columns, which are keys of an item, or one of ``more``. One without a name is empty."""
    columns = [_column(name) for name in names]
    for given, column in zip(names, columns):
        if column and column not in ITEM_KEYS and column not in more:
            raise InputError(f"{where}: unknown column {given.strip()!r}.{_hint(given, column)}", key=column)
    twice = [column for column, count in Counter(filter(None, columns)).items() if count > 1]
    if twice:
        raise InputError(f"{where} names the column {twice[0]} twice.", key=twice[0])
    return columns


def _hint(given: str, column: str) -> str:
    if "/" in given or given.strip().endswith(".csv"):
        return " That looks like a path; give the text, such as lookup('ansible.builtin.file', path)."
    near = difflib.get_close_matches(column, sorted(ITEM_KEYS), n=1)
    nearest = f" The nearest is {near[0]}." if near else ""
    return "{} Columns: {}.".format(nearest, ", ".join(sorted(ITEM_KEYS)))


# From rows to people


def _people(rows: Iterable[Row], wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = []
    problems: list[str] = []
    seen: dict[tuple[Any, ...], str] = {}
    for row in rows:
        try:
            person = _person(row, wanted)
            desired = parse_item(person, row.where, {})
            if not _is_wanted(row, wanted):
                continue
            identity = (desired.description, desired.user_id, desired.username)
            if identity in seen:
                raise InputError(f"{desired.where}: the same person is on {seen[identity]} already.")
        except InputError as problem:
            problems.append(problem.message)
            continue
        seen[identity] = row.where
        people.append(person)
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        rest = [f"{more} more."] if more > 0 else []
        raise InputError(" ".join(problems[:_MOST_PROBLEMS] + rest), problems=problems)
    return people


def _is_wanted(row: Row, wanted: Mapping[str, str]) -> bool:
    """True if each of these cells is the wanted value, or has it among its own, or is empty, which stands for all.

    What separates values is what separates roles: a name may have blanks in it.
    """
    cells = {name: str(row.cells.get(name) or "").strip() for name in wanted}
    return all(not cells[name] or _has(cells[name], value) for name, value in wanted.items())


def _has(cell: str, value: str) -> bool:
    """True if a cell is that value, or has it among its own, in any case: nobody shall miss a project for a capital."""
    return value.strip().casefold() in [one.strip().casefold() for one in (cell, *split_roles(cell))]


def _person(row: Row, more: Iterable[str]) -> dict[str, Any]:
    person: dict[str, Any] = {}
    for name, value in row.cells.items():
        if name in more:
            continue
        if isinstance(value, str):
            value = value.strip()
        if _is_blank(value):
            continue
        if name in _LISTS and isinstance(value, str):
            value = split_roles(value)
        elif name in _WORDS and isinstance(value, str):
            value = value.lower()
        person[name] = value
    return person


def split_roles(text: str) -> list[str]:
    """Return the roles in a cell, separated by semicolons, commas or lines; API names also by blanks.

    Labels have blanks in them, so that ``AI Operator`` is one role, and ``ai_training_read volume_operator`` are two.
    """
    separator = r"[;,\r\n]" if re.search(r"[;,\r\n]", text) else r"\s+" if "_" in text else r"\Z"
    return [part.strip() for part in re.split(separator, text) if part.strip()]
