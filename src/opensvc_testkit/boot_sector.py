"""The smallest guests: one sector of machine code that QEMU boots in a fifth of a second and that idles.

All say `BOOTED` on the first serial port; what they do then is their `Ending`. They run on QEMU's machine types `pc`
and `q35` as SeaBIOS leaves them: PM1 event block at port 0x600, PM1 control at 0x604, the panic device at 0x505.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

SIZE = 1 << 20
"""Bytes of the image: SeaBIOS boots no disk smaller than a cylinder."""

_BANNER = b"BOOTED\r\n"
_SET_UP = bytes.fromhex("31c0 8ed8 fa 8ed0 bc007c fb")  # ds = ss = 0, sp = 0x7c00, interrupts on
_POWER_BUTTON_ON = bytes.fromhex("ba0206 b80001 ef")  # PM1_EN |= PWRBTN_EN
_WAIT_FOR_BUTTON = bytes.fromhex("f4 ba0006 ed f6c401 74f6")  # hlt; until PM1_STS has PWRBTN_STS
_POWER_OFF = bytes.fromhex("ba0406 b80020 ef")  # PM1_CNT = SLP_EN, type 0: S5
_SUSPEND = bytes.fromhex("ba0406 b80024 ef")  # PM1_CNT = SLP_EN, type 1: S3
_PANIC = bytes.fromhex("ba0505 b001 ee")  # the panic device: panicked
_SLEEP_ON = bytes.fromhex("f4 ebfd")  # hlt for ever


class Ending(Enum):
    """What a guest does after it has said that it is there."""

    OBEY = _WAIT_FOR_BUTTON + _POWER_OFF
    """Sleeps until the ACPI power button, then switches itself off: what an operating system does."""
    STAY = b""
    """Sleeps on, whatever is asked of it: an operating system that hangs."""
    SUSPEND = _SUSPEND
    """Suspends to memory."""
    PANIC = _PANIC
    """Tells the panic device that its kernel has panicked."""


def boot_sector(ending: Ending) -> bytes:
    """The 512 bytes of a guest."""
    banner = b"".join(bytes.fromhex("baf803 b0") + bytes([letter]) + b"\xee" for letter in _BANNER)
    button = _POWER_BUTTON_ON if ending is Ending.OBEY else b""
    code = _SET_UP + button + banner + ending.value + _SLEEP_ON
    return code.ljust(510, b"\0") + b"\x55\xaa"


def write_boot_disk(path: Path, ending: Ending) -> None:
    """Write a raw disk image that boots such a guest; sparse, `SIZE` bytes."""
    with path.open("wb") as image:
        image.write(boot_sector(ending))
        image.truncate(SIZE)
