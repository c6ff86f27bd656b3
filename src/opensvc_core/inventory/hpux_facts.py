"""Facts of an HP-UX node, of ``machinfo``, ``model``, ``getconf``, ``uname`` and ``ifconfig``. Not tried on HP-UX.

Two forms of ``machinfo`` are known from captures: that of 11.31, and that of 11.23 with ``name = value`` lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from opensvc_core.fanout import side_by_side
from opensvc_core.inventory.asking import answer_of
from opensvc_core.inventory.interfaces import parse_ifconfig, parse_netstat_names
from opensvc_core.inventory.records import Interface, NodeFacts
from opensvc_core.inventory.smbios import said

if TYPE_CHECKING:
    from opensvc_core.context import Context

MIB = 1 << 20
INTERFACES_AT_ONCE = 8
_CPU = re.compile(r"^\s+(?P<dies>[0-9]{1,4}) (?P<model>\S.*?) \((?P<speed>[0-9.]{1,8}) (?P<unit>GHz|MHz)", re.MULTILINE)
_LOGICAL = re.compile(r"^\s+(?P<threads>[0-9]{1,5}) logical processors \([0-9]+ per socket\)", re.MULTILINE)
_LCPU_OFF = re.compile(r"LCPU attribute is disabled")
_MEMORY = re.compile(r"^Memory(?: =|:)\s+(?P<size>[0-9]{1,9}) MB", re.MULTILINE)
_SERIAL = re.compile(r"^\s+[Mm]achine serial number(?: =|:)\s+(?P<text>\S.*?)\s*$", re.MULTILINE)
_OLD = {
    "threads": re.compile(r"^\s+Number of enabled CPUs = ([0-9]{1,5})\s*$", re.MULTILINE),
    "dies": re.compile(r"^\s+Number of enabled sockets = ([0-9]{1,4})\s*$", re.MULTILINE),
    "per_socket": re.compile(r"^\s+Cores per socket = ([0-9]{1,4})\s*$", re.MULTILINE),
    "megahertz": re.compile(r"^\s+Clock speed = ([0-9]{1,6}) MHz\s*$", re.MULTILINE),
}
_OLD_MODEL = re.compile(r"^\s+processor model:\s+(?:[0-9]+\s+)?(?P<text>\S.*?)\s*$", re.MULTILINE)


@frozen
class Machine:
    """What ``machinfo`` tells; ``None`` for what it does not."""

    cpu_model: str | None = None
    cpu_freq: int | None = None
    cpu_dies: int | None = None
    cpu_cores: int | None = None
    cpu_threads: int | None = None
    mem_bytes: int | None = None
    serial: str | None = None


def parse_machinfo(text: str) -> Machine:
    """Read either form of it. Cores are told only where a core is one logical processor."""
    memory, serial = _MEMORY.search(text), _SERIAL.search(text)
    machine = Machine(
        mem_bytes=int(memory["size"]) * MIB or None if memory else None,
        serial=said(serial["text"]) if serial else None,
    )
    cpu = _CPU.search(text)
    if cpu is None:
        old = {name: int(found[1]) for name, pattern in _OLD.items() if (found := pattern.search(text))}
        model = _OLD_MODEL.search(text)
        cores = old["dies"] * old["per_socket"] if {"dies", "per_socket"} <= old.keys() else None
        return evolve(
            machine,
            cpu_model=model["text"] if model else None,
            cpu_freq=old.get("megahertz") or None,
            cpu_dies=old.get("dies") or None,
            cpu_cores=cores or None,
            cpu_threads=old.get("threads") or None,
        )
    factor = 1000 if cpu["unit"] == "GHz" else 1
    logical = _LOGICAL.search(text)
    threads = int(logical["threads"]) if logical else None
    return evolve(
        machine,
        cpu_model=cpu["model"].removesuffix(" processors").removesuffix(" processor"),
        cpu_freq=round(float(cpu["speed"]) * factor) if cpu["speed"].count(".") < 2 else None,
        cpu_dies=int(cpu["dies"]) or None,
        cpu_cores=threads if _LCPU_OFF.search(text) else None,
        cpu_threads=threads,
    )


def read_hpux(facts: NodeFacts, context: Context) -> NodeFacts:
    """Add what HP-UX tells. Raises nothing: what cannot be told stays ``None``."""
    # Where it is not in the path: its folder is the one of contributed tools.
    text = answer_of(context, "machinfo", is_optional=True)
    if text is None:
        text = answer_of(context, "/usr/contrib/bin/machinfo")
    machine = parse_machinfo(text or "")
    release = _line(context, "uname", "-r")
    return evolve(
        facts,
        os_vendor="HP",
        os_release=release,
        os_kernel=release,
        os_arch=_line(context, "uname", "-m"),
        cpu_model=machine.cpu_model,
        cpu_freq=machine.cpu_freq,
        cpu_dies=machine.cpu_dies,
        cpu_cores=machine.cpu_cores,
        cpu_threads=machine.cpu_threads,
        mem_bytes=machine.mem_bytes,
        serial=said(_line(context, "getconf", "MACHINE_SERIAL")) or machine.serial,
        manufacturer="HP",
        model=said(_line(context, "getconf", "MACHINE_MODEL")) or said(_line(context, "model")),
        interfaces=_interfaces(context),
    )


def _interfaces(context: Context) -> tuple[Interface, ...] | None:
    """``ifconfig`` knows no ``-a`` there: the names come from ``netstat``."""
    text = answer_of(context, "netstat", "-win")
    if text is None:
        return None
    answers = dict(
        side_by_side(
            parse_netstat_names(text), lambda name: answer_of(context, "ifconfig", name, timeout=5.0),
            INTERFACES_AT_ONCE,
        )
    )  # fmt: skip
    found: list[Interface] = []
    for name in sorted(answers):
        answer = answers[name]
        shown = parse_ifconfig(answer) if isinstance(answer, str) else ()
        found += shown or (Interface(name),)
    return tuple(found)


def _line(context: Context, *argv: str) -> str | None:
    return (answer_of(context, *argv) or "").strip() or None
