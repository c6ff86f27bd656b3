"""Runs in a node: stamps blocks of a volume whenever this node has it, past every cache, and says what it wrote.

    python stamper.py DEVICE NAME BLOCKS [WORLD GUEST]

Block 0 holds the last stamp, the blocks after it every one: `NAME SEQUENCE`. It prints a line for each stamp that the
disk took, `stamped SEQUENCE`, and one for each error, `refused ERRNO SEQUENCE`. Each stamp takes the number after the
one that it finds in block 0, so two nodes that write at once leave stamps in turns, or one writes over the other's.

With the folder of a simulated world and a guest of it, it writes as that guest would: only while the guest runs on this
node, and never in an instant in which the hypervisor takes it away.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from opensvc_testkit.executables import life
from opensvc_testkit.executables.store import Store

BLOCK = 4096
PAUSE = 0.01
GUEST_PAUSE = 0.05
"""A guest of a whole migration writes for longer, and beside more."""


def main(device: str, name: str, blocks: int, world: str = "", guest: str = "") -> None:
    """Stamp until killed."""
    buffer = mmap.mmap(-1, BLOCK)
    runs = gate(Store(world), name, guest) if guest else always
    print("ready", flush=True)  # noqa: T201 - read by the lab
    while True:
        with runs() as is_running:
            if is_running:
                stamp(device, name, blocks, buffer)
        time.sleep(GUEST_PAUSE if guest else PAUSE)


@contextmanager
def always() -> Iterator[bool]:
    """Whoever has the volume writes."""
    yield True


def gate(store: Store, node: str, guest: str) -> Callable[[], AbstractContextManager[bool]]:
    """Whether a guest runs on a node, which stays so for as long as the context is open."""

    @contextmanager
    def runs() -> Iterator[bool]:
        with store.opened() as world:
            domain = world["nodes"][node]["domains"].get(guest)
            yield domain is not None and domain["state"] == life.RUNNING

    return runs


def stamp(device: str, name: str, blocks: int, buffer: mmap.mmap) -> None:
    """Write one stamp, if the volume is there."""
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_DIRECT)
    except OSError as error:
        # Not active here; anything else is a story of its own.
        if error.errno not in {errno.ENOENT, errno.ENXIO, errno.ENODEV}:
            print(f"refused {error.errno} 0", flush=True)  # noqa: T201
        return
    sequence = 0
    try:
        os.preadv(descriptor, [buffer], 0)
        _, _, last = bytes(buffer[:64]).rstrip(b"\0").partition(b" ")
        sequence = int(last or b"0") + 1
        buffer[:] = f"{name} {sequence}".encode().ljust(BLOCK, b"\0")
        os.pwritev(descriptor, [buffer], BLOCK * (1 + sequence % (blocks - 1)))
        os.pwritev(descriptor, [buffer], 0)
        print(f"stamped {sequence}", flush=True)  # noqa: T201
    except OSError as error:
        print(f"refused {error.errno} {sequence}", flush=True)  # noqa: T201
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
