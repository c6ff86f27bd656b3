"""Distributions with drivers, made by tests as anybody could make them: a module and an entry point each."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from attrs import field, frozen

GROUP = "opensvc.drivers"

FLAG_DRIVER = """
    from pathlib import Path

    from opensvc_core import api


    class Flag:
        keywords = (api.Keyword("file", "The flag: up while it is there.", api.Kind.PATH, required=True),)

        @api.hookimpl
        def start(self, resource, context):
            context.run("touch", resource.text("file"))
            return api.Outcome.changed()

        @api.hookimpl
        def stop(self, resource, context):
            context.run("rm", "-f", resource.text("file"))
            return api.Outcome.changed()

        @api.hookimpl
        @api.one_by_one
        def status(self, resource, context):
            return api.StatusReport(api.Status.UP if Path(resource.text("file")).exists() else api.Status.DOWN)
"""
"""A driver that works: `Flag`, whose resource is up while a file is there."""


@frozen
class ThirdParty:
    """A distribution of one module.

    Attributes:
        name: of the distribution; its module has the same name with underscores.
        drivers: driver id to name of the class in the module.
        source: text of the module, indented as the test has it.
        version: of the distribution.
        group: group of its entry points.
    """

    name: str
    drivers: Mapping[str, str] = field(hash=False)
    source: str = FLAG_DRIVER
    version: str = "1.0"
    group: str = GROUP

    @property
    def module(self) -> str:
        """Name of its module."""
        return self.name.replace("-", "_")

    @property
    def info(self) -> str:
        """Name of the folder that describes it where it is installed."""
        return f"{self.module}-{self.version}.dist-info"

    def files(self) -> dict[str, str]:
        """What is installed, by path."""
        points = "".join(f"{driver} = {self.module}:{name}\n" for driver, name in self.drivers.items())
        return {
            f"{self.module}.py": dedent(self.source),
            f"{self.info}/METADATA": f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n",
            f"{self.info}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{self.info}/entry_points.txt": f"[{self.group}]\n{points}",
        }

    def unpack(self, folder: Path) -> None:
        """Put it into a folder of `sys.path`, as an installer does."""
        for path, text in self.files().items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)

    def wheel(self, folder: Path) -> Path:
        """Make its wheel in a folder."""
        path = folder / f"{self.module}-{self.version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            record = []
            for name, text in self.files().items():
                archive.writestr(name, text)
                digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
                record.append(f"{name},sha256={digest},{len(text.encode())}\n")
            archive.writestr(f"{self.info}/RECORD", "".join([*record, f"{self.info}/RECORD,,\n"]))
        return path
