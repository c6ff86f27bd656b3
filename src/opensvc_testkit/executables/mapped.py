"""Numbers of device-mapper devices on a simulated Linux node: multipath maps and logical volumes share them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Node

PLATFORM = "device-mapper"
MAJOR = 254


def numbers(node: Node) -> dict[str, int]:
    """Minor numbers by the name of the device."""
    table: dict[str, int] = node["platforms"].setdefault(PLATFORM, {})
    return table


def number_of(node: Node, name: str) -> int:
    """The minor number of a device, the lowest free one if it has none yet."""
    table = numbers(node)
    if name not in table:
        table[name] = next(number for number in range(len(table) + 1) if number not in table.values())
    return table[name]


def forget(node: Node, name: str) -> None:
    """The device is gone."""
    numbers(node).pop(name, None)
