"""A call of a collector's method, as a value: its name, and its arguments without the pair that says who calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from opensvc_collector_client.payloads.text import plain


@frozen
class Call:
    """One call.

    Attributes:
        method: its name, as ``system.listMethods`` lists it.
        arguments: what it takes before the pair (uuid, node).
    """

    method: str
    arguments: tuple[Any, ...] = field(factory=tuple)


def row(method: str, fields: Mapping[str, object]) -> Call:
    """A call that takes one record: a list of names, and one of values as texts."""
    return Call(method, (list(fields), [plain(value) for value in fields.values()]))


def table(method: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> Call:
    """A call that takes several records: a list of names, and a list of lists of values as texts."""
    return Call(method, (list(names), [[plain(value) for value in each] for each in rows]))
