"""Simulated ``getent hosts|ahosts|ahostsv4 NAME`` (captured, glibc 2.36)."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.network import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call

NOT_FOUND = 2


def run(call: Call) -> Answer:
    """Answer one ``getent`` call."""
    if len(call.words) != 2 or call.words[0] not in ("hosts", "ahosts", "ahostsv4"):
        raise NotSimulatedError("getent " + " ".join(call.words))
    database, name = call.words
    with call.store.opened() as world:
        addresses = resolve(world, name)
    if not addresses:
        return Answer(NOT_FOUND)
    if database == "hosts":
        return Answer(0, "".join(f"{address:<15} {name}\n" for address in addresses))
    lines = [f"{address:<15} {kind:<6} {name if kind == 'STREAM' else ''}" for address in addresses for kind in
             ("STREAM", "DGRAM", "RAW")]  # fmt: skip
    return Answer(0, "".join(f"{line}\n" for line in lines))
