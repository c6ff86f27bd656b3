"""Holds one call against the tables of methods and fields; data in, data out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from opensvc_testkit.collector.kinds import is_quoted, unquote, violation
from opensvc_testkit.collector.methods import METHODS, Field, Method, Shape

Row = Mapping[str, Any]
"""One record: values by the name of their field, without quotes."""

_ARGUMENTS = {Shape.ROW: 2, Shape.ROWS: 2, Shape.EITHER: 2, Shape.PAIRS: 4, Shape.LIST: 1, Shape.NONE: 0}


@frozen
class Checked:
    """What a call says and what is wrong with it.

    Attributes:
        method: that it calls, None if there is none of that name.
        rows: its records.
        more: those that belong to the first one (``svcmon_update_combo``).
        words: its plain texts.
        auth: uuid and node name of who calls, empty if it does not say.
        violations: what the tables do not allow, a line each.
        is_quoted: whether its values came in quotes, as in 2010.
    """

    method: Method | None
    rows: tuple[Row, ...] = ()
    more: tuple[Row, ...] = ()
    words: tuple[str, ...] = ()
    auth: tuple[str, str] | tuple[()] = ()
    violations: tuple[str, ...] = ()
    is_quoted: bool = False


def check_call(name: str, arguments: Sequence[Any]) -> Checked:
    """Hold a call against the tables.

    Args:
        name: of the method.
        arguments: as XML-RPC brought them; a pair of texts after those of the method is who calls.
    """
    method = METHODS.get(name)
    if method is None:
        return Checked(None, violations=(f"there is no method {name}",))
    due = _ARGUMENTS.get(method.shape, len(method.fields))
    auth: tuple[str, str] | tuple[()] = ()
    given = list(arguments)
    if len(given) == due + 1:
        pair = given.pop()
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair)):
            return Checked(method, violations=("the last argument is no pair of uuid and node name",))
        auth = (pair[0], pair[1])
    if len(given) != due:
        return Checked(method, auth=auth, violations=(f"{len(given)} arguments where {due} are due",))
    if method.shape in {Shape.WORDS, Shape.LIST}:
        return _check_words(method, given, auth)
    if method.shape is Shape.NONE:
        return Checked(method, auth=auth)
    wrong: list[str] = []
    rows, quoted = _check_rows(method.fields, given[0], given[1], method.shape, wrong)
    more: tuple[Row, ...] = ()
    if method.shape is Shape.PAIRS:
        more, _ = _check_rows(method.more, given[2], given[3], Shape.ROWS, wrong)
    return Checked(method, rows, more, auth=auth, violations=tuple(wrong), is_quoted=quoted)


def _check_words(method: Method, given: list[Any], auth: tuple[str, str] | tuple[()]) -> Checked:
    words = given[0] if method.shape is Shape.LIST else given
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return Checked(method, auth=auth, violations=("texts are due",))
    fields = method.fields if method.shape is Shape.WORDS else ()
    wrong = [
        f"{field.name}: {why}"
        for field, word in zip(fields, words, strict=False)
        if (why := violation(field.kind, word))
    ]
    return Checked(method, words=tuple(words), auth=auth, violations=tuple(wrong))


def _check_rows(
    fields: Sequence[Field], names: Any, values: Any, shape: Shape, wrong: list[str]
) -> tuple[tuple[Row, ...], bool]:
    """The records of two parallel lists, and whether their values came in quotes."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        wrong.append("vars is no list of names")
        return (), False
    if not isinstance(values, list):
        wrong.append("vals is no list")
        return (), False
    nested = bool(values) and all(isinstance(value, list) for value in values)
    if shape in {Shape.ROW, Shape.PAIRS} and nested:
        wrong.append("vals is a list of lists where one row is due")
        return (), False
    if shape is Shape.ROWS and values and not nested:
        wrong.append("vals is one row where a list of rows is due")
        return (), False
    known = {name: field for field in fields for name in (field.name, field.also) if name}
    wrong += [f"unknown field {name}" for name in names if name not in known]
    present = [known[name].name for name in names if name in known]
    wrong += [f"field {name} twice" for name in sorted({name for name in present if present.count(name) > 1})]
    wrong += [f"field {each.name} is missing" for each in fields if not each.is_optional and each.name not in present]
    rows = values if nested or not values else [values]
    quoted = bool(rows) and _is_quoted(known, names, rows[0])
    return tuple(_check_row(known, names, row, wrong, quoted=quoted) for row in rows), quoted


def _is_quoted(known: Mapping[str, Field], names: Sequence[str], row: Sequence[Any]) -> bool:
    """Whether a row came in quotes: its first field, always a name, tells."""
    first = next((value for name, value in zip(names, row, strict=False) if name in known), "")
    return is_quoted(first)


def _check_row(
    known: Mapping[str, Field], names: Sequence[str], row: Sequence[Any], wrong: list[str], *, quoted: bool
) -> Row:
    if len(row) != len(names):
        wrong.append(f"{len(row)} values for {len(names)} fields")
        return {}
    found: dict[str, Any] = {}
    for name, value in zip(names, row, strict=True):
        field = known.get(name)
        if field is None:
            continue
        meant = unquote(value) if quoted and not (field.is_bare and not is_quoted(value)) else value
        if meant is None:
            wrong.append(f"{field.name}: {value!r} is not in quotes, as others of its call are")
            continue
        if why := violation(field.kind, meant):
            wrong.append(f"{field.name}: {why}")
        found[field.name] = meant
    return found
