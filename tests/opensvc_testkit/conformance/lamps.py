"""A platform in memory: lamps, wired and switched on by the tool `lamp`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import Factory, define

from opensvc_core.api import Cancel, Command, CommandNotFound, CommandResult, Host, Spawned
from opensvc_testkit.conformance import DriverContract, Platform

NUMBER = 8


@define
class LampHost:
    """Runs `lamp` and nothing else."""

    lamps: dict[str, str] = Factory(lambda: {f"lamp{number}": "new" for number in range(NUMBER)})
    notes: int = 0
    name: str = "node1"

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        tool, verb, *words = command.argv
        if tool != "lamp":
            raise CommandNotFound(f"{tool} is not there", argv=command.argv)
        lamp = words[0] if words else ""
        if verb == "list":
            lines = [f"lamps: {len(self.lamps)}", *(f"{name} {state}" for name, state in self.lamps.items())]
            return CommandResult(command.argv, 0, "".join(f"{line}\n" for line in lines))
        if verb == "note":
            self.notes += 1
            return CommandResult(command.argv)
        if lamp not in self.lamps:
            return CommandResult(command.argv, 2, "", f"no lamp {lamp}\n")
        if verb == "show":
            return CommandResult(command.argv, 0, f"{lamp} is {self.lamps[lamp]}.\n")
        self.lamps[lamp] = {"wire": "wired", "on": "on", "off": "off"}[verb]
        return CommandResult(command.argv)


class Lamps(Platform):
    """Eight lamps, each new."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lamps = LampHost()

    @property
    def root(self) -> Path:
        return self.folder

    @property
    def path(self) -> str:
        return ""

    def host(self) -> Host:
        return self.lamps

    def options(self, number: int) -> dict[str, Any]:
        return {"lamp": f"lamp{number}"}

    def unknown(self) -> dict[str, Any]:
        return {"lamp": "nosuch"}

    def state(self) -> object:
        return dict(self.lamps.lamps), self.lamps.notes


class LampContract(DriverContract):
    @pytest.fixture
    def platform(self, tmp_path: Path) -> Lamps:
        return Lamps(tmp_path)
