"""`etc/node.conf`: the settings of the node, in the format of service files."""

from __future__ import annotations

from pathlib import Path

from opensvc_core.config.problems import Problems
from opensvc_core.config.scanner import read_text, scan


def find_line(path: Path, section: str, keyword: str) -> int:
    """Number of the line of a setting, for a message about it; 0 if it cannot be found."""
    try:
        sections = scan(read_text(path), Problems(path))
    except OSError:
        return 0
    entries = [entry for each in sections if each.name == section for entry in each.entries]
    return next((entry.line for entry in entries if entry.name == keyword), 0)


def read_node_conf(path: Path) -> dict[str, dict[str, str]]:
    """Text of every setting, by section and keyword in lower case; nothing if there is no such file.

    Sections and keywords that nothing knows are kept: other distributions read theirs.

    Raises:
        ConfigError: it cannot be read, or is not of the format; with every problem.
    """
    problems = Problems(path)
    try:
        text = read_text(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        problems.add(0, "", "", f"cannot be read: {error.strerror or error}")
        text = ""
    sections = scan(text, problems)
    problems.raise_if_any()
    return {section.name: {entry.name: entry.value for entry in section.entries} for section in sections}
