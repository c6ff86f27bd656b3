"""The scanner: lines, comments, continuations, and everything that is wrong at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.config.problems import Problems
from opensvc_core.config.scanner import Section, read_text, scan
from opensvc_core.errors import ConfigProblem

FILE = Path("vm188.env")


def scanned(text: str) -> tuple[tuple[Section, ...], tuple[ConfigProblem, ...]]:
    problems = Problems(FILE)
    sections = scan(text, problems)
    return sections, problems.sorted()


def values(text: str) -> dict[str, str]:
    sections, problems = scanned(text)
    assert not problems
    return {entry.name: entry.value for section in sections for entry in section.entries}


def told(text: str) -> list[str]:
    return [str(problem) for problem in scanned(text)[1]]


def test_each_section_and_keyword_knows_its_line() -> None:
    (default, address), problems = scanned("\n[Default]\nNodes = A b\n\n# note\n[IP#1]\nipdev@NodeA = lan0\n")
    assert not problems
    assert (default.name, default.line) == ("default", 2)
    assert [(entry.keyword, entry.scope, entry.value, entry.line) for entry in default.entries] == [
        ("nodes", "", "A b", 3)
    ]
    assert (address.name, address.line) == ("ip#1", 6)
    assert [(entry.keyword, entry.scope, entry.value, entry.line) for entry in address.entries] == [
        ("ipdev", "nodea", "lan0", 7)
    ]


def test_comments_are_whole_lines_and_a_later_sign_belongs_to_the_value() -> None:
    text = "[default]\ncomment = recette gen db #2\n;drpnode = vm5\n  # indented\nopts = a;b ; c\n"
    assert values(text) == {"comment": "recette gen db #2", "opts": "a;b ; c"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_ends_of_lines_and_a_byte_order_mark_do_not_matter(end: str) -> None:
    assert values("\ufeff" + end.join(["[default]", "app = ERP  ", "mode = kvm"])) == {"app": "ERP", "mode": "kvm"}


def test_the_first_equals_sign_divides() -> None:
    assert values("[default]\noptions = --exclude=/tmp --a==b\nempty =\n") == {
        "options": "--exclude=/tmp --a==b",
        "empty": "",
    }


def test_a_deeper_line_continues_the_value() -> None:
    text = "[default]\nnodes = a b\n   c\n; between\n\t d\napp = x\n"
    assert values(text) == {"nodes": "a b c d", "app": "x"}


def test_a_section_that_is_indented_as_a_whole_is_read_as_it_looks() -> None:
    assert values("[default]\n  app = x\n  mode = kvm\n [ip#1]\n  ipname = a\n") == {
        "app": "x",
        "mode": "kvm",
        "ipname": "a",
    }


def test_a_blank_line_ends_a_value() -> None:
    assert told("[default]\nnodes = a\n\n  b\n") == ["vm188.env:4: [default]: no '=' in 'b' (write `keyword = value`)"]


def test_a_keyword_that_would_be_swallowed_by_the_value_above_is_reported() -> None:
    sections, problems = scanned("[default]\nvm_name = x\n  mode = kvm\n  [ip#1]\nipname = a\n")
    assert [problem.line for problem in problems] == [3, 4]
    assert str(problems[0]) == (
        "vm188.env:3: [default]: 'mode = kvm' is indented, which would make it part of the value above "
        "(begin it in the column of the line above, or join the two lines)"
    )
    # It is read as what it looks like, so that its own problems are found too.
    assert [[entry.keyword for entry in section.entries] for section in sections] == [["vm_name", "mode"], ["ipname"]]


def test_everything_wrong_is_reported_at_once_with_both_lines_of_doubles() -> None:
    text = """\
stray = 1
more
[default]
app = a
APP = b
app@n1 = c
nonsense
= 3
x@ = 4
[ip#1
ipname = a
[Default]
app = d
[ip#2] trailing
[ip#3] ; a comment
[]
"""
    assert told(text) == [
        "vm188.env:1: text before the first section (begin the file with [default])",
        "vm188.env:5: [default] app: this keyword stands in line 4 already (keep one of the two)",
        "vm188.env:7: [default]: no '=' in 'nonsense' (write `keyword = value`)",
        "vm188.env:8: [default]: no keyword before '=' in '= 3'",
        "vm188.env:9: [default] x: no scope after '@' in 'x@ = 4'",
        "vm188.env:10: [ip#1]: the header of this section has no ']'",
        "vm188.env:12: [default]: this section stands in line 3 already (make one section of the two)",
        "vm188.env:14: [ip#2]: 'trailing' after the header (give it its own line)",
        "vm188.env:16: a section needs a name of printable characters",
    ]


def test_the_continuation_of_what_was_refused_is_no_second_problem() -> None:
    assert [problem.line for problem in scanned("[default]\napp = a\napp = b\n   c\nnodes = n\n   m\n")[1]] == [3]


def test_control_characters_are_refused_and_not_repeated_to_the_terminal() -> None:
    lines = told("[default]\napp = a\x1b[2Jb\nname = a\x00\n")
    assert lines == [
        "vm188.env:2: [default] app: control character '\\x1b' (delete it)",
        "vm188.env:3: [default] name: control character '\\x00' (delete it)",
    ]


def test_bytes_that_are_not_utf8_are_named_by_their_line_and_harmless_in_comments(tmp_path: Path) -> None:
    file = tmp_path / "vm188.env"
    file.write_bytes(b"[default]\n; recette g\xe9n\xe9rale\napp = caf\xe9\ncomment = caf\xc3\xa9\n")
    problems = Problems(file)
    (section,) = scan(read_text(file), problems)
    assert [(problem.line, problem.message) for problem in problems.sorted()] == [(3, "not UTF-8 text")]
    assert section.entries[1].value == "café"


@given(st.text())
def test_any_text_is_scanned_without_an_exception_and_lines_are_those_of_the_text(text: str) -> None:
    sections, problems = scanned(text)
    count = text.count("\n") + 1
    assert all(1 <= problem.line <= count for problem in problems)
    lines = [entry.line for section in sections for entry in section.entries]
    assert all(1 <= line <= count for line in lines)
    assert len(lines) == len(set(lines))


@given(st.binary())
def test_any_bytes_are_scanned_without_an_exception(data: bytes) -> None:
    scanned(data.decode("utf-8", "surrogateescape"))


FRAGMENTS = st.sampled_from(
    ["[", "]", "default", "ip#1", "=", " = ", "@", "\n", "\r\n", " ", "\t", "#", ";", "key", "value", "\x00", "\udce9"]
)


@given(st.lists(FRAGMENTS, max_size=60).map("".join))
def test_every_line_is_read_or_reported(text: str) -> None:
    """No line is lost: it is blank, a comment, a header, a keyword, a continuation, or a problem.

    An indented line may also continue a keyword that was refused: that problem speaks for it.
    """
    sections, problems = scanned(text)
    touched = {problem.line for problem in problems} | {section.line for section in sections}
    touched |= {entry.line for section in sections for entry in section.entries}
    kept = " ".join(entry.value for section in sections for entry in section.entries)
    outside = any(problem.message == "text before the first section" for problem in problems)
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        content = line.strip()
        if content and not content.startswith(("#", ";")) and number not in touched:
            assert content in kept or outside or line[0].isspace()


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=30).map(str.strip)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=5), max_size=5))
def test_what_was_written_is_what_is_read(content: dict[str, dict[str, str]]) -> None:
    text = "".join(
        f"[{section}]\n" + "".join(f"{keyword} = {value}\n" for keyword, value in keywords.items())
        for section, keywords in content.items()
    )
    sections, problems = scanned(text)
    assert not problems
    assert {section.name: {entry.name: entry.value for entry in section.entries} for section in sections} == content
