"""Answers of any bytes: what a method gave back, or the failure that they tell."""

from __future__ import annotations

import xmlrpc.client
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_collector_client.transport.answers import is_acceptance, read_answer
from opensvc_collector_client.transport.failures import CollectorError, NotRegistered, Refused, Unreachable

BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<methodResponse><params><param><value><string>&b;</string></value></param></params></methodResponse>"""
DEEP = b"<methodResponse>" + b"<params>" * 5000 + b"</params>" * 5000 + b"</methodResponse>"


def answer(value: Any) -> bytes:
    return xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True, encoding="utf-8").encode()


@given(st.recursive(st.one_of(st.integers(-9, 9), st.text("abc é"), st.booleans(), st.none()), st.lists, max_leaves=5))
def test_what_was_given_back_is_read(value: Any) -> None:
    assert read_answer(answer(value)) == value


@given(st.binary(max_size=300))
def test_bytes_that_mean_nothing_are_told_as_such(body: bytes) -> None:
    with pytest.raises(CollectorError):
        read_answer(body)


@given(st.integers(0, 150))
def test_an_answer_that_is_cut_is_told_as_such(size: int) -> None:
    with pytest.raises(Unreachable):
        read_answer(answer("x" * 100).rstrip()[: -1 - size])


@pytest.mark.parametrize("body", [BOMB, DEEP], ids=["entities", "deep"])
def test_an_answer_that_is_a_bomb_is_not_read(body: bytes) -> None:
    with pytest.raises(Unreachable, match="not to be read"):
        read_answer(body)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("agent is not registered", NotRegistered),
        ("agent authentication error", NotRegistered),
        ("please retry", Unreachable),
        ("502 Bad Gateway", Unreachable),
        ("server restart", Unreachable),
        ("unknown column 'x'", Refused),
    ],
)
def test_a_fault_tells_what_to_do(text: str, kind: type[CollectorError]) -> None:
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(1, text), methodresponse=True).encode()
    with pytest.raises(CollectorError) as caught:
        read_answer(body)
    assert type(caught.value) is kind


@pytest.mark.parametrize("value", [None, 0, 1, True, "", []])
def test_collectors_give_back_little_for_a_record_that_they_took(value: Any) -> None:
    assert is_acceptance(value)


@pytest.mark.parametrize("value", [{"a": 1}, ["x"], "Error", 1.5])
def test_anything_else_is_no_acceptance(value: Any) -> None:
    assert not is_acceptance(value)
