"""A made-up /sys and /proc that say what lies on which volume group."""

from __future__ import annotations

from pathlib import Path

from attrs import define

from opensvc_lvm.kernel import Kernel


@define
class KernelTree:
    """The folder of a made-up kernel.

    Attributes:
        folder: where it lies.
    """

    folder: Path

    @property
    def kernel(self) -> Kernel:
        """What the code under test is handed."""
        return Kernel(self.folder / "sys", self.folder / "proc")

    def add(self, number: str, *, uuid: str = "", on: tuple[str, ...] = ()) -> None:
        """A block device; of device-mapper if it has a UUID; `on` are the numbers of what it stands on."""
        place = self.folder / "sys/dev/block" / number
        (place / "slaves").mkdir(parents=True)
        (place / "dev").write_text(f"{number}\n")
        if uuid:
            (place / "dm").mkdir()
            (place / "dm/uuid").write_text(f"{uuid}\n")
        for below in on:
            (place / "slaves" / below.replace(":", "-")).symlink_to(self.folder / "sys/dev/block" / below)

    def mount(self, **points: str) -> None:
        """Set what is mounted: `root`, or a word with `_` for `/`, to the number of the device."""
        lines: list[str] = []
        for word, number in points.items():
            point = "/" if word == "root" else "/" + word.replace("_", "/")
            lines.append(f"{20 + len(lines)} 1 {number} / {point} rw,relatime shared:1 - ext4 /dev/x rw\n")
        (self.folder / "proc/self").mkdir(parents=True, exist_ok=True)
        (self.folder / "proc/self/mountinfo").write_text("".join(lines))
        (self.folder / "proc/swaps").write_text("Filename\tType\tSize\tUsed\tPriority\n")


def lvm_uuid(group: str) -> str:
    """UUID of a device that is a volume of the group with that UUID."""
    return f"LVM-{group.replace('-', '')}{'v' * 32}"
