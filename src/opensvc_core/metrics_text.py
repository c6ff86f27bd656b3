"""Metrics in the text format of Prometheus: families with help and type, samples with labels. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

GAUGE = "gauge"
COUNTER = "counter"


@frozen
class Sample:
    """One value of a metric.

    Attributes:
        value: the number.
        labels: what it is about, in the order in which they are written.
    """

    value: float
    labels: Mapping[str, str] = field(factory=dict, hash=False)


@frozen
class Family:
    """A metric.

    Attributes:
        name: with the unit at its end; of a counter ``…_total``.
        help: one sentence.
        samples: its values; a family without any is not written.
        type: ``gauge`` or ``counter``.
    """

    name: str
    help: str
    samples: tuple[Sample, ...] = ()
    type: str = GAUGE


def states(value: str, among: Sequence[str], labels: Mapping[str, str], label: str) -> list[Sample]:
    """A state as a set of samples, one a possible state: 1 for the one that it is, 0 for the others.

    Args:
        value: the state that it is.
        among: all that it can be.
        labels: what it is the state of.
        label: name of the label that holds the state.
    """
    return [Sample(float(each == value), {**labels, label: each}) for each in among]


def render(families: Iterable[Family]) -> str:
    """The text, for a file of the node exporter's textfile collector (UTF-8, a line feed at its end)."""
    lines = []
    for family in families:
        if family.samples:
            lines.append(f"# HELP {family.name} {_escape(family.help)}")
            lines.append(f"# TYPE {family.name} {family.type}")
            lines += [f"{family.name}{_labels(sample.labels)} {_number(sample.value)}" for sample in family.samples]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value, is_quoted=True)}"' for name, value in labels.items()) + "}"


def _escape(text: str, *, is_quoted: bool = False) -> str:
    """Backslashes and line feeds, and within quotes these, as the format has them; what is no text becomes ``?``."""
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\\", r"\\").replace("\n", r"\n")
    return clean.replace('"', r"\"") if is_quoted else clean


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
