"""The pages of documentation, and how their examples are run: `console`, `python` and `ini` blocks, as a reader would.

- `console`: each line after `$ ` (and its continuations after `> `) is given to bash; under it stands what it must
  print, stdout and stderr together, where `...` stands for anything, alone on a line for any number of lines. A command
  that fails is a defect of the page, unless the page shows it: `$ osvc start x; echo "exit status $?"`.
- `python`: a program of its own.
- `ini`: a file of the folder that the page works in; its first line is a comment with its name: `# vm188.env`.
- `sh`: not run; the paragraph above it says so in the words of `NOT_RUN`, for the reader to see.

All of a page happens in one folder, one after the other, on the simulated hypervisor that `osvc demo --platform
kvm --shell` gives.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import frozen
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).parents[2]
EXAMPLE_SECONDS = 60
NOT_RUN = "not run by the tests"
LANGUAGES = frozenset({"console", "python", "ini", "sh", "text", "json", "mermaid", "toml", "make"})


@frozen
class Command:
    """One command of a console block, and the lines that it must print."""

    line: str
    expected: tuple[str, ...]


def pages() -> list[Path]:
    """Every page that users read in the repository."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(block: str) -> Iterator[Command]:
    """The commands of a console block.

    Raises:
        ValueError: it begins with output.
    """
    line = ""
    expected: list[str] = []
    for each in block.rstrip("\n").split("\n"):
        if each.startswith("$ "):
            if line:
                yield Command(line, tuple(expected))
            line, expected = each[2:], []
        elif not line:
            message = f"a console block begins with a command, not with {each!r}"
            raise ValueError(message)
        elif each.startswith("> ") and not expected:
            line += "\n" + each[2:]
        else:
            expected.append(each)
    yield Command(line, tuple(expected))


def matches(expected: tuple[str, ...], printed: str) -> bool:
    """Whether a command printed what its page shows; blanks at the ends of lines do not count."""
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*"
        else:
            pattern += ".*".join(re.escape(part) for part in line.rstrip().split("...")) + r"\n"
    lines = [line.rstrip() for line in printed.rstrip().split("\n")]
    return re.fullmatch(pattern, "\n".join([*lines, ""]) if printed.strip() else "") is not None


def environment(folder: Path, platform: Mapping[str, str]) -> dict[str, str]:
    """What the examples of a page see: the tools of this environment, a folder of their own, a simulated platform."""
    path = os.pathsep.join(
        each for each in (platform.get("PATH"), str(Path(sys.executable).parent), os.defpath) if each
    )
    own = {
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        "COLUMNS": "80",
        "OSVC_ROOT": str(folder / "opensvc"),
    }
    return {**own, **platform, "PATH": path}


def run_page(page: Path, folder: Path, platform: Mapping[str, str]) -> int:
    """Run the examples of a page in a folder, and say how many there were.

    Raises:
        sybil.example.SybilFailure: the first that does not do what the page shows, with its line.
    """
    environ = environment(folder, platform)

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=EXAMPLE_SECONDS,
            check=False,
        )

    def console(example: Example) -> str | None:
        for command in commands(example.parsed):
            done = run("bash", "-c", command.line)
            if done.returncode:
                return f"$ {command.line}\nended with {done.returncode} and printed\n{done.stdout}"
            if not matches(command.expected, done.stdout):
                shown = "\n".join(command.expected)
                return f"$ {command.line}\nthe page shows\n{shown}\nit printed\n{done.stdout}"
        return None

    def python(example: Example) -> str | None:
        done = run(sys.executable, "-c", example.parsed)
        return f"the program ended with {done.returncode} and printed\n{done.stdout}" if done.returncode else None

    def ini(example: Example) -> str | None:
        named = re.match(r"# ([\w.-]+)\n", example.parsed)
        if named is None:
            return "the first line of an ini block names its file: `# vm188.env`"
        (folder / named[1]).write_text(example.parsed.partition("\n")[2])
        return None

    parsers = [
        CodeBlockParser(language=language, evaluator=evaluator)
        for language, evaluator in (("console", console), ("python", python), ("ini", ini))
    ]
    examples = list(Sybil(parsers=parsers).parse(page).examples())
    for example in examples:
        example.evaluate()
    return len(examples)


@frozen
class Block:
    """A fenced block of a page, whatever its language."""

    language: str
    line: int
    above: str


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, each with the paragraph above it."""
    lines = page.read_text().split("\n")
    inside = False
    for number, line in enumerate(lines, 1):
        if not line.lstrip().startswith("```"):
            continue
        inside = not inside
        if inside:
            paragraphs = "\n".join(lines[: number - 1]).rstrip().split("\n\n")
            yield Block(line.strip().removeprefix("```"), number, paragraphs[-1])


def links(page: Path) -> Iterator[tuple[str, str]]:
    """The links of a page to other files: the file, relative to the page, and the heading in it, if any."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            name, _, heading = target.partition("#")
            yield name, heading


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
