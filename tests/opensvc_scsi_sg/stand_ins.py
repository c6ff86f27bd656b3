"""A node for the backends' tests: a tree of ``/sys`` made by hand, and a host that answers from a table."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import Factory, define, field

from opensvc_core.api import (
    Cancel,
    Command,
    CommandResult,
    Context,
    Deadline,
    Device,
    Host,
    LogicalUnit,
    ReservationError,
    Resource,
    Spawned,
)
from opensvc_core.clock import SystemClock
from opensvc_core.node import Folders, Node
from opensvc_core.recording import Recording
from opensvc_scsi_sg.choice import Choice
from opensvc_scsi_sg.sysfs import Sysfs
from tests.opensvc_core.container_stand_ins import HeldClock, HeldNetwork

Answer = CommandResult | Exception | Callable[[Command], CommandResult]


@define
class AnsweringHost:
    """Answers each command with the first entry whose words are all in it; notes what it was asked."""

    answers: list[tuple[tuple[str, ...], Answer]] = Factory(list)
    asked: list[Command] = Factory(list)
    name: str = "n1"
    lock: threading.Lock = Factory(threading.Lock)

    def on(self, *words: str, stdout: str = "", stderr: str = "", rc: int = 0) -> None:
        self.answers.append((words, CommandResult(("tool",), rc, stdout, stderr)))

    def refuse(self, said: tuple[str, int] | tuple[str, str, int], *words: str) -> None:
        """What a sample says: standard error and status, or standard output before both."""
        *output, stderr, rc = said
        self.on(*words, stdout=str(output[0]) if output else "", stderr=str(stderr), rc=int(rc))

    def fail(self, error: Exception, *words: str) -> None:
        self.answers.append((words, error))

    @property
    def lines(self) -> list[str]:
        """The commands in order, as typed."""
        return [" ".join(command.argv) for command in self.asked]

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        with self.lock:
            self.asked.append(command)
        line = " ".join(command.argv)
        for words, answer in self.answers:
            if all(word in line for word in words):
                if isinstance(answer, Exception):
                    raise answer
                return answer if isinstance(answer, CommandResult) else answer(command)
        raise AssertionError(f"no answer to {line}")


class NoDrivers:
    """There is nothing beside the disks."""

    def open_guest(self, container: Resource, context: Context) -> Host:
        raise AssertionError("not asked for here")

    def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
        return ()


def context_on(host: Host, *, limit: float = 60.0, dry: bool = False, os_name: str = "Linux") -> Context:
    """A context in which commands run on a host."""
    clock = SystemClock()
    return Context(
        node=Node("n1", os_name, Folders(Path("/nowhere"))),
        host=host,
        services={},
        statuses={},
        action="start",
        cancel=Cancel(),
        deadline=Deadline.after(limit, clock, "the step"),
        clock=clock,
        network=HeldNetwork(HeldClock()),
        drivers=NoDrivers(),
        recording=Recording() if dry else None,
    )


@define
class FakeSys:
    """A tree of ``/sys`` in a folder, built as the kernel builds it: links of numbers, holders and slaves."""

    root: Path
    numbers: dict[str, tuple[int, int]] = field(factory=dict)

    def disk(self, name: str, wwid: str = "", state: str = "running", type: str = "0", **attributes: str) -> None:
        """A SCSI disk, or whatever its name says."""
        folder = self._folder(name)
        if name.startswith("sd"):
            for key, value in {"wwid": wwid, "state": state, "type": type, **attributes}.items():
                if value:
                    self.write(f"{name}/device/{key}", f"{value}\n")
        self._number(name, folder)

    def write(self, path: str, text: str | bytes) -> None:
        """An attribute below ``/sys/block``."""
        file = self.root / "block" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def partition(self, disk: str, name: str) -> None:
        """A partition of a disk."""
        folder = self.root / "block" / disk / name
        folder.mkdir(parents=True)
        (folder / "partition").write_text("1\n")
        self._number(name, folder)

    def mapped(self, number: int, name: str, uuid: str, *slaves: str) -> None:
        """A device-mapper device over others."""
        dm = f"dm-{number}"
        folder = self._folder(dm)
        self.write(f"{dm}/dm/name", f"{name}\n")
        self.write(f"{dm}/dm/uuid", f"{uuid}\n")
        for slave in slaves:
            (folder / "slaves" / slave).symlink_to(self.root / "block" / slave)
            (self.root / "block" / slave / "holders" / dm).symlink_to(folder)
        self._number(dm, folder)
        self.numbers[f"/dev/mapper/{name}"] = self.numbers[f"/dev/{dm}"]

    def _folder(self, name: str) -> Path:
        folder = self.root / "block" / name
        for inside in ("holders", "slaves"):
            (folder / inside).mkdir(parents=True)
        return folder

    def _number(self, name: str, folder: Path) -> None:
        number = (8, len(self.numbers))
        self.numbers[f"/dev/{name}"] = number
        links = self.root / "dev" / "block"
        links.mkdir(parents=True, exist_ok=True)
        (links / f"{number[0]}:{number[1]}").symlink_to(folder)

    def number_of(self, path: str) -> tuple[int, int]:
        """As the kernel would number a special file."""
        if path not in self.numbers:
            raise ReservationError(f"{path}: No such file or directory", code="no_device")
        return self.numbers[path]

    @property
    def sysfs(self) -> Sysfs:
        return Sysfs(self.root, self.number_of)

    def choice(self, *conf: str) -> Choice:
        """With these lines as ``multipath.conf``; without lines there is none."""
        etc = self.root / "etc"
        etc.mkdir(exist_ok=True)
        if conf:
            (etc / "multipath.conf").write_text("\n".join(conf) + "\n")
        return Choice(self.sysfs, etc)


LUN1 = "naa.6000000000000000000000000ab00001"
LUN2 = "naa.6000000000000000000000000ab00002"
MAP1 = "mpath-36000000000000000000000000ab00001"
KEYED = ("defaults {", "  reservation_key file", "}")


def multipathed(root: Path) -> FakeSys:
    """As captured on a node with two units on two paths each, of which multipath made one a map."""
    sys = FakeSys(root)
    for name, wwid in (("sda", LUN1), ("sdb", LUN2), ("sdc", LUN1), ("sdd", LUN2)):
        sys.disk(name, wwid)
    sys.mapped(0, "mpatha", MAP1, "sda", "sdc")
    return sys


def unit(*paths: str, device: str = "/dev/sda", identity: str = LUN1) -> LogicalUnit:
    """A unit with paths."""
    return LogicalUnit(Device(device), identity, paths or ("/dev/sda", "/dev/sdc"))


def codes(answers: Iterator[tuple[object, object]]) -> dict[object, str]:
    """Error codes of answers by item; empty for one that is no error."""
    return {item: answer.code if isinstance(answer, ReservationError) else "" for item, answer in answers}
