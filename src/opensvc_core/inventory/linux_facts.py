"""Facts of a Linux node: ``/proc``, ``/sys``, ``os-release(5)``, and ``ip`` for the addresses."""

from __future__ import annotations

import json
import os
import re
import shlex
from typing import TYPE_CHECKING, Any

from attrs import evolve

from opensvc_core.inventory.asking import answer_of
from opensvc_core.inventory.records import Interface, NodeFacts
from opensvc_core.inventory.smbios import count_memory_modules, said

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.context import Context

_OS_RELEASE = ("etc/os-release", "usr/lib/os-release")
_MODEL_SPEED = re.compile(r"@\s*([0-9.]{1,8})\s*GHz")
_TABLES = "sys/firmware/dmi/tables/DMI"


def read_linux(facts: NodeFacts, context: Context, root: Path) -> NodeFacts:
    """Add what Linux tells. Raises nothing: what cannot be told stays ``None``."""
    release = _os_release(root)
    cpus = _Processors(root)
    modules = count_memory_modules(_bytes(root / _TABLES))
    if modules is None and (root / "sys/class/dmi/id").is_dir():
        context.note(f"memory modules: /{_TABLES} cannot be read; only root may", "dmi_unreadable")
    return evolve(
        facts,
        os_vendor=release.get("NAME"),
        os_release=release.get("VERSION_ID"),
        os_kernel=_line(root / "proc/sys/kernel/osrelease"),
        os_arch=os.uname().machine,
        cpu_model=cpus.model,
        cpu_freq=cpus.megahertz,
        cpu_dies=cpus.dies,
        cpu_cores=cpus.cores,
        cpu_threads=cpus.threads,
        mem_bytes=parse_memory(_text(root / "proc/meminfo")),
        mem_banks=modules.filled if modules else None,
        mem_slots=modules.slots if modules else None,
        serial=said(_line(root / "sys/class/dmi/id/product_serial") or _line(root / "proc/device-tree/serial-number")),
        manufacturer=said(_line(root / "sys/class/dmi/id/sys_vendor")),
        model=said(_line(root / "sys/class/dmi/id/product_name") or _line(root / "proc/device-tree/model")),
        interfaces=_interfaces(context),
        boot_time=parse_boot_time(_text(root / "proc/stat")),
    )


def parse_memory(text: str) -> int | None:
    """Bytes of ``MemTotal`` of ``/proc/meminfo`` (proc(5): its ``kB`` are KiB)."""
    found = re.search(r"^MemTotal:\s+([0-9]{1,15}) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def parse_boot_time(text: str) -> float | None:
    """Seconds since the epoch, of ``btime`` of ``/proc/stat`` (proc(5))."""
    found = re.search(r"^btime ([0-9]{1,15})$", text, re.MULTILINE)
    return float(found[1]) if found else None


def parse_links(text: str) -> tuple[Interface, ...] | None:
    """Interfaces of ``ip -j addr``, the loopback left out; ``None`` for another text."""
    try:
        rows = json.loads(text)
        return tuple(_interface(row) for row in rows if "LOOPBACK" not in row["flags"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _interface(row: dict[str, Any]) -> Interface:
    addresses = tuple(f"{each['local']}/{int(each['prefixlen'])}" for each in row.get("addr_info", ()) if each)
    mac = str(row["address"]) if row.get("link_type") == "ether" and row.get("address") else None
    return Interface(str(row["ifname"]), mac, addresses, "UP" in row["flags"])


def _interfaces(context: Context) -> tuple[Interface, ...] | None:
    text = answer_of(context, "ip", "-j", "addr")
    if text is None:
        return None
    links = parse_links(text)
    if links is None:
        context.note(f"ip -j addr: not an answer that can be read: {text[:80]!r}", "garbled")
    return links


class _Processors:
    """Counts and names of processors, of ``/proc/cpuinfo`` and ``/sys/devices/system/cpu`` (cputopology.rst)."""

    def __init__(self, root: Path) -> None:
        info = _text(root / "proc/cpuinfo")
        self._info = dict(re.findall(r"^([\w ]+?)\s*:[ \t]*(.*)$", info, re.MULTILINE))
        self._folder = root / "sys/devices/system/cpu"
        present = [each for each in _children(self._folder) if re.fullmatch(r"cpu[0-9]+", each.name)]
        places = [(_line(cpu / "topology/physical_package_id"), _line(cpu / "topology/core_id")) for cpu in present]
        # A processor that is off line has no topology.
        places = [place for place in places if place[0] is not None and place[1] is not None]
        self.threads = len(places) or len(re.findall(r"^processor\s*:", info, re.MULTILINE)) or None
        self.cores = len(set(places)) or None
        # Where the firmware tells no package, the kernel writes -1.
        packages = {package for package, _ in places}
        self.dies = len(packages) if packages and "-1" not in packages else None
        self.model = self._info.get("model name") or self._info.get("cpu") or None

    @property
    def megahertz(self) -> int | None:
        """Nominal speed: by the model's name, else by the driver of frequencies; without one it never changes."""
        if found := _MODEL_SPEED.search(self.model or ""):
            return round(float(found[1]) * 1000)
        scaling = self._folder / "cpu0/cpufreq"
        for attribute in ("base_frequency", "cpuinfo_max_freq"):
            value = _line(scaling / attribute)
            if value and value.isdecimal():
                return int(value) // 1000
        if not scaling.is_dir():
            try:
                return round(float(self._info["cpu MHz"]))
            except (KeyError, ValueError):
                return None
        return None


def parse_os_release(text: str) -> dict[str, str]:
    """Settings of ``os-release(5)``: a line each, quoted as a shell would."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            try:
                found[key] = " ".join(shlex.split(value))
            except ValueError:
                continue
    return {key: value for key, value in found.items() if value}


def _os_release(root: Path) -> dict[str, str]:
    return next((parse_os_release(text) for place in _OS_RELEASE if (text := _text(root / place))), {})


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _text(path: Path) -> str:
    return _bytes(path).decode("utf-8", "replace")


def _line(path: Path) -> str | None:
    return _text(path).strip(" \n\0\t") or None
