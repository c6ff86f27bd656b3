"""Nodes that start one service at the same instant."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections.abc import Sequence

import attrs

from tests.lab.uml.node import KernelNode
from tests.lab.uml.site import OSVC_SECONDS, Site

MOST_DELAY = 0.25
"""Seconds between two starts, at most; a start needs some seconds to its first look at the disk."""


@attrs.define
class Contender:
    """One node's start."""

    returncode: int = -1
    output: str = ""
    ended: float = 0.0


def start_at_once(
    site: Site, nodes: Sequence[KernelNode], name: str, chance: random.Random, *words: str
) -> dict[str, Contender]:
    """Start a service on several nodes, in any order, with a short while of any length between two; by node.

    Args:
        site: where.
        nodes: that want it.
        name: of the service.
        chance: decides on the order and the whiles.
        words: further options of `osvc start`.
    """
    order = chance.sample(nodes, len(nodes))
    found = {node.name: Contender() for node in order}

    def follow(process: subprocess.Popen[str], contender: Contender) -> None:
        stdout, stderr = process.communicate(timeout=OSVC_SECONDS)
        contender.ended = time.monotonic()
        contender.output, contender.returncode = stdout + stderr, process.returncode

    threads = []
    for node in order:
        process = site.popen(node, "start", name, *words, "-v")
        threads.append(threading.Thread(target=follow, args=(process, found[node.name])))
        threads[-1].start()
        # Not for anything to happen, but for them to meet at another point of their ways each time.
        time.sleep(chance.uniform(0, MOST_DELAY))
    for thread in threads:
        thread.join()
    return found
