"""Runs in a node: stamps blocks of a volume whenever this node has it, past every cache, and says what it wrote.

    python stamper.py DEVICE NAME BLOCKS

Block 0 holds the last stamp, the blocks after it every one: `NAME SEQUENCE`. It prints a line for each stamp that the
disk took, `stamped SEQUENCE`, and one for each error, `refused ERRNO SEQUENCE`. Each stamp takes the number after the
one that it finds in block 0, so two nodes that write at once leave stamps in turns, or one writes over the other's.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
import time

BLOCK = 4096
PAUSE = 0.01


def main(device: str, name: str, blocks: int) -> None:
    """Stamp until killed."""
    buffer = mmap.mmap(-1, BLOCK)
    print("ready", flush=True)  # noqa: T201 - read by the lab
    while True:
        try:
            descriptor = os.open(device, os.O_RDWR | os.O_DIRECT)
        except OSError as error:
            # Not active here; anything else is a story of its own.
            if error.errno not in {errno.ENOENT, errno.ENXIO, errno.ENODEV}:
                print(f"refused {error.errno} 0", flush=True)  # noqa: T201
            time.sleep(PAUSE)
            continue
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
        time.sleep(PAUSE)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
