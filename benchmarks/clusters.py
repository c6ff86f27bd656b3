"""A service that goes from one node to another, on nodes of the lab that trust one another."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator

from benchmarks.figures import Figure
from benchmarks.measure import seconds
from benchmarks.site import compile_code
from tests.lab.cluster.cluster import Cluster, service_text
from tests.lab.cluster.trust import trust_by_hand
from tests.lab.nodes import Node

ROUNDS = 7
SWITCH_LIMIT = 1.0
"""Seconds that a switch may take over the sum of its own commands."""
NAME = "erp"


def switch() -> Iterator[Figure]:
    """What `osvc switch` adds to its commands, from the prompt to the prompt; to the other node and back in turn."""
    compile_code()
    with Cluster.up(2) as cluster:
        trust_by_hand(cluster)
        cluster.be_quick()
        cluster.define_guest(NAME)
        cluster.write_service(NAME, service_text([node.name for node in cluster.nodes]))
        here, there = cluster.nodes
        cluster.told(here, "start", NAME)
        wholes, sums = [], []
        for number in range(ROUNDS + 1):
            destination = (there, here)[number % 2]
            whole = seconds(lambda to=destination.name: cluster.told(here, "switch", NAME, "--to", to))  # type: ignore[misc]
            if cluster.running(NAME) != [destination.name]:
                raise AssertionError(f"it does not run on {destination.name}")
            if number:  # the first one is for warming up
                wholes.append(whole)
                sums.append(sum(_seconds_of_commands(cluster, node) for node in cluster.nodes))
    more = statistics.median(whole - own for whole, own in zip(wholes, sums, strict=True))
    detail = f"osvc switch {statistics.median(wholes):.2f} s - its commands {statistics.median(sums):.2f} s"
    yield Figure("osvc switch of an LXC service, over its own commands", more, SWITCH_LIMIT, "s", detail)


def _seconds_of_commands(cluster: Cluster, node: Node) -> float:
    """How long the commands of the last run on a node took, by its journal."""
    run = cluster.last_run(node, NAME)
    if run is None or run["action"] != "switch" or run["outcome"] != "done":
        raise AssertionError(f"{node.name}: no switch that is done: {json.dumps(run)}")
    return float(sum(command["seconds"] for command in cluster.commands(node, run["id"], NAME)))
