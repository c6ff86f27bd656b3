"""Facts of a Solaris node, of ``prtconf``, ``psrinfo``, ``prtdiag``, ``kstat``, ``uname`` and ``ifconfig``.

Texts of illumos are known from captures, those of Oracle Solaris on SPARC from what parsers rely on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from opensvc_core.inventory.asking import answer_of
from opensvc_core.inventory.interfaces import parse_ifconfig
from opensvc_core.inventory.records import NodeFacts
from opensvc_core.inventory.smbios import said

if TYPE_CHECKING:
    from opensvc_core.context import Context

MIB = 1 << 20
DIAGNOSIS_LIMIT = 30.0
"""Seconds for ``prtdiag``, which asks the service processor of some machines."""
_MEMORY = re.compile(r"^Memory size: ([0-9]{1,9}) Megabytes\s*$", re.MULTILINE)
_DIE = re.compile(r"^The physical processor has (?:(?P<cores>[0-9]{1,4}) cores and )?(?P<threads>[0-9]{1,5}) virtual",
                  re.MULTILINE)  # fmt: skip
_CLOCK = re.compile(r"\bclock ([0-9]{1,6}) MHz\)")
_SPARC = re.compile(r"^\s+(?P<text>\S.*?) \((?:chipid|portid)\b", re.MULTILINE)
_SYSTEM = re.compile(r"^System Configuration:\s+(?P<text>\S.*?)\s*$", re.MULTILINE)
_MAKERS = ("Sun Microsystems", "Oracle Corporation", "Dell Inc.", "VMware, Inc.", "innotek GmbH", "QEMU", "HP",
           "Fujitsu", "FUJITSU", "Supermicro", "LENOVO", "Cisco Systems Inc")  # fmt: skip
"""Makers that ``prtdiag`` names: where the maker's name ends, and that of the model begins, is not marked."""
_BOOT = re.compile(r"^unix:0:system_misc:boot_time\s+([0-9]{1,12})\s*$", re.MULTILINE)
_CHASSIS = re.compile(r"^Chassis Serial Number\s*\n-+\s*\n(?P<text>\S+)\s*$", re.MULTILINE)


@frozen
class Processors:
    """What ``psrinfo -pv`` tells; ``None`` for what it does not."""

    model: str | None = None
    megahertz: int | None = None
    dies: int | None = None
    cores: int | None = None
    threads: int | None = None


def parse_psrinfo(text: str) -> Processors:
    """Read ``psrinfo -pv``: a line for each processor, below it its kind and, on x86, the brand."""
    dies = list(_DIE.finditer(text))
    if not dies:
        return Processors()
    cores = [int(die["cores"]) for die in dies if die["cores"]]
    clock, sparc = _CLOCK.search(text), _SPARC.search(text)
    brand = re.search(r"\bclock [0-9]+ MHz\)\s*\n\s+(?P<text>\S[^\n\t\[]*)", text)
    name = sparc["text"] if sparc else brand["text"] if brand else None
    return Processors(
        " ".join(name.split()) if name else None,
        int(clock[1]) or None if clock else None,
        len(dies),
        sum(cores) or None if len(cores) == len(dies) else None,
        sum(int(die["threads"]) for die in dies) or None,
    )


@frozen
class Diagnosis:
    """What ``prtdiag`` tells; ``None`` for what it does not."""

    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    mem_banks: int | None = None
    mem_slots: int | None = None


def parse_prtdiag(text: str) -> Diagnosis:
    """Read ``prtdiag``: the first line names the machine, and on x86 a table has a line for each memory module."""
    system, chassis = _SYSTEM.search(text), _CHASSIS.search(text)
    name = " ".join(system["text"].split()) if system else ""
    maker = next((each for each in _MAKERS if name.startswith(f"{each} ")), "")
    _, found, table = text.partition("==== Memory Device Sockets")
    rows = table.partition("\n====")[0].splitlines()[1:] if found else []
    states = [state for row in rows for state in re.findall(r"\s(in use|empty)\s", row)[:1]]
    return Diagnosis(
        maker or None,
        said(name.removeprefix(maker).strip()) if name else None,
        said(chassis["text"]) if chassis else None,
        states.count("in use") or None,
        len(states) or None,
    )


def parse_release(text: str) -> tuple[str | None, str | None]:
    """Vendor and release of the first line of ``/etc/release``: ``Oracle Solaris 11.4 SPARC``."""
    first = next((" ".join(line.split()) for line in text.splitlines() if line.strip()), "")
    found = re.match(r"(?:(?P<vendor>Oracle|OpenIndiana|OmniOS|SmartOS)\s+)?(?P<rest>\S.*)\Z", first)
    if not found:
        return None, None
    # Before Oracle the first line names the system alone.
    return found["vendor"] or ("Sun" if found["rest"].startswith("Solaris") else None), found["rest"]


def read_solaris(facts: NodeFacts, context: Context) -> NodeFacts:
    """Add what Solaris tells. Raises nothing: what cannot be told stays ``None``."""
    vendor, release = parse_release(answer_of(context, "cat", "/etc/release") or "")
    cpus = parse_psrinfo(answer_of(context, "psrinfo", "-pv") or "")
    memory = _MEMORY.search(answer_of(context, "prtconf") or "")
    machine = parse_prtdiag(answer_of(context, "prtdiag", "-v", timeout=DIAGNOSIS_LIMIT) or "")
    boot = _BOOT.search(answer_of(context, "kstat", "-p", "unix:0:system_misc:boot_time") or "")
    links = answer_of(context, "ifconfig", "-a")
    return evolve(
        facts,
        os_vendor=vendor,
        os_release=release,
        os_kernel=_line(context, "uname", "-v"),
        os_arch=_line(context, "uname", "-m"),
        cpu_model=cpus.model,
        cpu_freq=cpus.megahertz,
        cpu_dies=cpus.dies,
        cpu_cores=cpus.cores,
        cpu_threads=cpus.threads,
        mem_bytes=int(memory[1]) * MIB or None if memory else None,
        mem_banks=machine.mem_banks,
        mem_slots=machine.mem_slots,
        serial=machine.serial,
        manufacturer=machine.manufacturer,
        model=machine.model,
        interfaces=None if links is None else parse_ifconfig(links),
        boot_time=float(boot[1]) if boot else None,
    )


def _line(context: Context, *argv: str) -> str | None:
    return (answer_of(context, *argv) or "").strip() or None
