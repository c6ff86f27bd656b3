"""The smallest guests: one sector of machine code that QEMU boots in a fifth of a second and that idles.

Both say `BOOTED` on the first serial port. One obeys the ACPI power button, as a guest with an operating system does;
the stubborn one sleeps on, as one whose operating system hangs does. They run on QEMU's machine types `pc` and `q35`
as SeaBIOS leaves them: PM1 event block at 0x600, PM1 control at 0x604.
"""

from __future__ import annotations

from pathlib import Path

SIZE = 1 << 20
"""Bytes of the image: SeaBIOS boots no disk smaller than a cylinder."""

_BANNER = b"BOOTED\r\n"
_SET_UP = bytes.fromhex("31c0 8ed8 fa 8ed0 bc007c fb")  # ds = ss = 0, sp = 0x7c00, interrupts on
_POWER_BUTTON_ON = bytes.fromhex("ba0206 b80001 ef")  # PM1_EN |= PWRBTN_EN
_WAIT_FOR_BUTTON = bytes.fromhex("f4 ba0006 ed f6c401 74f6")  # hlt; until PM1_STS has PWRBTN_STS
_POWER_OFF = bytes.fromhex("ba0406 b80020 ef ebfe")  # PM1_CNT = SLP_EN, S5; stay
_SLEEP_ON = bytes.fromhex("f4 ebfd")  # hlt for ever


def boot_sector(*, obeys_power_button: bool) -> bytes:
    """The 512 bytes of a guest."""
    banner = b"".join(bytes.fromhex("baf803 b0") + bytes([letter]) + b"\xee" for letter in _BANNER)
    if obeys_power_button:
        code = _SET_UP + _POWER_BUTTON_ON + banner + _WAIT_FOR_BUTTON + _POWER_OFF
    else:
        code = _SET_UP + banner + _SLEEP_ON
    return code.ljust(510, b"\0") + b"\x55\xaa"


def write_boot_disk(path: Path, *, obeys_power_button: bool) -> None:
    """Write a raw disk image that boots such a guest; sparse, `SIZE` bytes."""
    with path.open("wb") as image:
        image.write(boot_sector(obeys_power_button=obeys_power_button))
        image.truncate(SIZE)
