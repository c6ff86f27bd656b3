"""Metrics as text: what the official parser reads is what was given, whatever the labels hold."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from opensvc_core.metrics_text import COUNTER, Family, Sample, render, states

TEXT = st.text(st.characters(codec="utf-8"))


@given(texts=st.lists(TEXT, min_size=1, max_size=3), about=TEXT, value=st.floats(allow_nan=False))
def test_the_official_parser_reads_what_was_given(texts: list[str], about: str, value: float) -> None:
    labels = {f"label{number}": text for number, text in enumerate(texts)}
    family = Family("opensvc_x_seconds", f"Help. {about}", (Sample(value, labels),))
    (read,) = text_string_to_metric_families(render([family]))
    assert (read.name, read.type) == ("opensvc_x_seconds", "gauge")
    (sample,) = read.samples
    assert dict(sample.labels) == labels
    assert sample.value == value


@given(st.text())
def test_what_is_no_text_is_written_all_the_same(text: str) -> None:
    written = render([Family("opensvc_x", text, (Sample(1, {"name": text}),))])
    assert len(written.encode()) > 0
    assert written.count("\n") == 3
    assert len(list(text_string_to_metric_families(written))) == 1


def test_a_state_is_one_among_all_that_it_can_be() -> None:
    samples = states("b", ("a", "b"), {"of": "x"}, "status")
    assert [(sample.labels["status"], sample.value) for sample in samples] == [("a", 0), ("b", 1)]


def test_numbers_and_types_are_written_as_the_format_has_them() -> None:
    family = Family(
        "opensvc_x_total",
        "Help.",
        tuple(Sample(v) for v in (0, True, 1.5, 1e300, math.inf, -math.inf, math.nan)),
        COUNTER,
    )
    lines = render([family, Family("opensvc_none", "Help.")]).splitlines()
    assert lines[:2] == ["# HELP opensvc_x_total Help.", "# TYPE opensvc_x_total counter"]
    assert [line.split()[1] for line in lines[2:]] == ["0", "1", "1.5", "1e+300", "+Inf", "-Inf", "NaN"]
