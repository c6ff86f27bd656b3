"""A new driver: what its name makes, what is written, and where."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from attrs import frozen

from opensvc_core.api import API_VERSION, OpenSVCError
from opensvc_core.cli.failure import UsageError
from opensvc_core.registry import Registry

GROUPS = ("disk", "fs", "ip", "container", "app")
"""Groups of drivers with a place in the order of a start."""
TEMPLATES = Path(__file__).with_name("templates")
PACKAGE = "package"
"""Folder of the templates that make the import package."""
SUFFIX = ".in"
"""What the names of templates end with, so that no tool takes them for what they become."""
LONGEST = 32
"""Characters of a name at the most: it becomes part of several others."""


@frozen
class Draft:
    """A driver to be.

    Attributes:
        name: its type: ``acme``.
        group: what kind of resource it handles: ``disk``.
    """

    name: str
    group: str

    @property
    def id(self) -> str:
        """Driver id."""
        return f"{self.group}.{self.name}"

    @property
    def distribution(self) -> str:
        """Name by which it is installed, and of its folder."""
        return f"opensvc-{self.group}-{self.name}".replace("_", "-")

    @property
    def package(self) -> str:
        """Name by which it is imported."""
        return f"opensvc_{self.group}_{self.name}"

    def check(self) -> None:
        """Raise UsageError if no driver can have that name."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name) or len(self.name) > LONGEST or keyword.iskeyword(self.name):
            raise UsageError(
                f"{self.name!r} cannot be the name of a driver",
                hint=f"lower case letters, digits and underscores, a letter first, {LONGEST} at most: acme",
            )
        if self.group not in GROUPS:
            raise UsageError(
                f"there is no group {self.group!r}",
                hint=f"one of {', '.join(GROUPS)}; what fits none: `app`, and a `phase` in the class",
            )
        taken = [listing for listing in Registry().listings() if listing.id == self.id]
        if taken:
            raise UsageError(
                f"{self.id} is there already, from {taken[0].distribution}",
                hint="choose another name: two distributions with one id cannot be used beside each other",
            )

    def files(self) -> dict[str, str]:
        """What is written, by path."""
        words = {
            "id": self.id,
            "group": self.group,
            "name": self.name,
            "class": "".join(part.capitalize() for part in self.name.split("_")),
            "package": self.package,
            "distribution": self.distribution,
            "tool": f"{self.name}ctl".replace("_", ""),
            "api": str(API_VERSION),
        }
        return {self._place(path): _filled(text, words) for path, text in _templates().items()}

    def _place(self, template: str) -> str:
        """Where a template goes: the folder ``package`` is named after the driver."""
        first, slash, rest = template.removesuffix(SUFFIX).partition("/")
        return f"{self.package if first == PACKAGE else first}{slash}{rest}"

    def write(self, where: Path) -> Path:
        """Write it into a new folder; that folder. Raises OpenSVCError if there is one, or it cannot be made."""
        folder = where.absolute() / self.distribution
        try:
            folder.mkdir(parents=True)
            for path, text in self.files().items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text, encoding="utf-8")
        except FileExistsError as error:
            raise OpenSVCError(
                f"{error.filename} is there already", code="folder_exists", hint="take it away, or say another --path"
            ) from error
        except OSError as error:
            raise OpenSVCError(
                f"{error.filename} cannot be written: {error.strerror}", code="not_written", hint="say another --path"
            ) from error
        return folder


def _templates() -> dict[str, str]:
    """Texts of the templates, by path."""
    return {
        path.relative_to(TEMPLATES).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(TEMPLATES.rglob(f"*{SUFFIX}"))
    }


def _filled(text: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        text = text.replace(f"{{{{{name}}}}}", word)
    return text
