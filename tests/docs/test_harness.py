"""The runner of examples itself: what it runs, and that a page which does not tell the truth fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies
from sybil.example import SybilFailure

from tests.docs.pages import Command, blocks, commands, headings, links, matches, run_page


def page(folder: Path, text: str) -> Path:
    path = folder / "page.md"
    path.write_text(text)
    return path


def test_a_console_block_is_commands_with_what_they_print() -> None:
    block = "$ echo a\na\n$ cat <<END\n> b\n> END\nb\n\nc\n$ true\n"
    assert list(commands(block)) == [
        Command("echo a", ("a",)),
        Command("cat <<END\nb\nEND", ("b", "", "c")),
        Command("true", ()),
    ]


def test_a_console_block_that_begins_with_output_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with a command"):
        list(commands("a\n$ echo a\n"))


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        (("a", "b"), "a  \nb\n", True),
        (("a",), "a\nb\n", False),
        (("a", "b"), "a\n", False),
        (("a", "..."), "a\nb\nc\n", True),
        (("a", "..."), "a\n", True),
        (("...", "c"), "a\nb\nc\n", True),
        (("...", "d"), "a\nb\nc\n", False),
        (("took ... s",), "took 0.3 s\n", True),
        (("took ... s",), "took\n0.3 s\n", False),
        ((), "", True),
        ((), "a\n", False),
        (("a.c",), "abc\n", False),
    ],
)
def test_dots_stand_for_anything_and_nothing_else_does(expected: tuple[str, ...], printed: str, same: bool) -> None:
    assert matches(expected, printed) is same


@given(strategies.lists(strategies.text(strategies.characters(codec="ascii", exclude_characters="\r\n.\x0b\x0c"))))
def test_what_is_shown_as_printed_matches(lines: list[str]) -> None:
    visible = [line for line in lines if line.strip()]
    assert matches(tuple(visible), "".join(f"{line}\n" for line in visible))
    assert not matches((*visible, "more"), "".join(f"{line}\n" for line in visible))


def test_a_true_page_passes_in_its_own_folder(tmp_path: Path) -> None:
    text = (
        "Save:\n\n```ini\n# a.env\n[default]\n```\n\n```console\n$ cat a.env\n[default]\n$ echo $OSVC_ROOT $WHO\n"
        f"{tmp_path}/opensvc simulated\n```\n\n```python\nimport pathlib\nassert pathlib.Path('a.env').exists()\n```\n"
    )
    assert run_page(page(tmp_path, text), tmp_path, {"WHO": "simulated"}) == 3


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ echo a\nb\n```\n",
        "```console\n$ false\n```\n",
        "```python\nassert False\n```\n",
        "```ini\n[default]\n```\n",
    ],
    ids=["other output", "failing command", "failing program", "file without a name"],
)
def test_a_page_that_does_not_tell_the_truth_fails(text: str, tmp_path: Path) -> None:
    with pytest.raises(SybilFailure):
        run_page(page(tmp_path, text), tmp_path, {})


def test_the_platform_stands_before_the_machine_on_path(tmp_path: Path) -> None:
    tool = tmp_path / "bin" / "virsh"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho simulated\n")
    tool.chmod(0o755)
    text = "```console\n$ virsh list\nsimulated\n```\n"
    assert run_page(page(tmp_path, text), tmp_path, {"PATH": str(tool.parent)}) == 1


def test_blocks_links_and_headings_are_found(tmp_path: Path) -> None:
    text = "# The `first` page!\n\nSee [it](other.md#a-b) and [web](https://example.org).\n\nnot run\n\n```sh\nx\n```\n"
    made = page(tmp_path, text)
    assert [(block.language, block.above) for block in blocks(made)] == [("sh", "not run")]
    assert list(links(made)) == [("other.md", "a-b")]
    assert headings(made) == {"the-first-page"}
