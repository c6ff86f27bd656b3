"""Command lines and definitions: what is read is what was meant, whatever the text."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_testkit.executables.domain_xml import BadXmlError, parse, read_definition, render
from opensvc_testkit.executables.virsh_words import UsageError, read_commands
from opensvc_testkit.executables.words import UnfinishedError, split_commands
from opensvc_testkit.simulated import domain_xml

Given = TypeVar("Given")
Result = TypeVar("Result")
Refusal = TypeVar("Refusal", bound=Exception)


def attempt(
    kind: type[Refusal], function: Callable[[Given], Result], given_value: Given
) -> tuple[Result | None, Refusal | None]:
    """What a function gives, or the one kind of error that it may raise."""
    try:
        return function(given_value), None
    except kind as error:
        return None, error


WORDS = st.lists(st.text(min_size=1), min_size=1, max_size=5)


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_quoted_commands_come_back_as_they_were(commands: list[list[str]]) -> None:
    assert split_commands("; ".join(shlex.join(command) for command in commands)) == commands


@given(st.text())
def test_any_line_is_split_or_refused(line: str) -> None:
    commands, refusal = attempt(UnfinishedError, split_commands, line)
    assert str(refusal) in {"'", '"', "\\"} if refusal else all(commands or [])


@pytest.mark.parametrize(("line", "missing"), [("a 'b", "'"), ('a "b', '"'), ("a \\", "\\")])
def test_what_is_not_finished_is_named(line: str, missing: str) -> None:
    with pytest.raises(UnfinishedError) as caught:
        split_commands(line)
    assert str(caught.value) == missing


@given(st.lists(st.text()))
def test_any_words_are_commands_or_refused(words: list[str]) -> None:
    if words:
        _, refusal = attempt(UsageError, read_commands, [*words, "nosuch"])
        assert refusal is None or refusal.lines


@given(st.text())
def test_any_text_is_a_definition_or_refused_with_a_reason(text: str) -> None:
    for document in (text, f"<domain type='qemu'>{text}</domain>", domain_xml("x").replace("512", text)):
        found, refusal = attempt(BadXmlError, read_definition, document)
        if found is None:
            assert str(refusal)
        else:
            name, _, definition = found
            assert name
            assert render(parse(definition["xml"])) == definition["xml"]


# Not the blanks beyond ASCII: what libvirt makes of a name of those alone was not captured.
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="<>&'\"\x85\xa0"), min_size=1)


@given(NAMES, st.lists(NAMES, max_size=3))
def test_a_definition_keeps_name_and_disks(name: str, disks: list[str]) -> None:
    found, _, definition = read_definition(domain_xml(name, disks=disks))
    assert found == name
    assert [disk["source"] for disk in definition["disks"][1:]] == disks
    assert read_definition(definition["xml"])[2] == definition
