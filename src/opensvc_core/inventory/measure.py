"""What a platform's tool says of how full one thing is."""

from __future__ import annotations

from attrs import frozen


@frozen
class Measure:
    """What a platform's tool says of one thing.

    Attributes:
        type: ``fs_u``, ``fs_i``, ``vg_u``.
        instance: mount point or group.
        percent: in use, ``None`` if it cannot be told.
        text: why not.
    """

    type: str
    instance: str
    percent: int | None
    text: str = ""
