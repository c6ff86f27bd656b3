"""virsh commands that only tell; texts captured from libvirt 9.0.0 unless marked [R]."""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.table import render_table
from opensvc_testkit.executables.virsh_session import RefusedError, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_testkit.executables.shapes import Definition, Domain
    from opensvc_testkit.executables.virsh_words import Command

STATES = {0: "no state", 1: "running", 2: "idle", 3: "paused", 4: "in shutdown", 5: "shut off", 6: "crashed",
          7: "pmsuspended"}  # fmt: skip
# Captured: booted, unpaused, user, shutdown, destroyed, saved, failed, unknown; the others [R].
REASONS = {
    1: ("unknown", "booted", "migrated", "restored", "from snapshot", "unpaused", "migration canceled",
        "save canceled", "event wakeup", "crashed", "post-copy"),
    3: ("unknown", "user", "migrating", "saving", "dumping", "I/O error", "watchdog", "from snapshot", "shutting down",
        "creating snapshot", "crashed", "starting up", "post-copy", "post-copy failed"),
    4: ("unknown", "user"),
    5: ("unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot", "daemon"),
    6: ("unknown", "panicked"),
}  # fmt: skip
VERSION = """Compiled against library: libvirt 9.0.0
Using library: libvirt 9.0.0
Using API: QEMU 9.0.0
Running hypervisor: QEMU 7.2.22
"""
CAPABILITIES = """<capabilities>

  <host>
    <cpu>
      <arch>x86_64</arch>
    </cpu>
  </host>

  <guest>
    <os_type>hvm</os_type>
    <arch name='x86_64'>
      <wordsize>64</wordsize>
      <emulator>/usr/bin/qemu-system-x86_64</emulator>
      <domain type='qemu'/>
      <domain type='kvm'/>
    </arch>
  </guest>

</capabilities>

"""


def run(session: Session, command: Command) -> str:
    """Standard output of the command. Raises RefusedError."""
    simple: dict[str, Callable[[], str]] = {
        "capabilities": lambda: CAPABILITIES,
        "echo": lambda: " ".join(command.data.get("str", [])) + "\n",
        "hostname": lambda: f"{session.node['name']}\n",
        "list": lambda: _list(session, command.flags),
        "domstats": lambda: _domstats(session, command),
        "uri": lambda: f"{session.uri}\n",
        "version": lambda: VERSION,
    }
    if command.name in simple:
        return simple[command.name]()
    domain = session.domain(command.get("domain"))
    if command.name == "domstate":
        reason = f" ({reason_of(domain)})" if "reason" in command.flags else ""
        return f"{STATES[domain['state']]}{reason}\n"
    if command.name == "dominfo":
        return _dominfo(domain)
    if command.name == "domid":
        return f"{_id(domain)}\n"
    if command.name == "domuuid":
        return f"{domain['uuid']}\n"
    if command.name == "domblklist":
        return _domblklist(session, domain, command.flags)
    return _dumpxml(domain, inactive="inactive" in command.flags)


def reason_of(domain: Domain) -> str:
    """The word for why it is in its state."""
    words = REASONS.get(domain["state"], ("unknown",))
    return words[domain["reason"]] if domain["reason"] < len(words) else "unknown"


def _id(domain: Domain) -> str:
    return "-" if domain["id"] is None else str(domain["id"])


def _current(domain: Domain, *, inactive: bool = False) -> Definition:
    config, live = domain["config"], domain["live"]
    found = (config or live) if inactive else (live or config)
    if found is None:
        raise ValueError(domain["name"])  # a domain has one of the two, or it is no longer listed
    return found


def _list(session: Session, flags: set[str]) -> str:
    shows_all = bool(flags & {"all", "state-shutoff", "state-paused", "state-running", "state-other"})
    domains = [domain for domain in session.all_domains() if _is_listed(domain, flags, shows_all=shows_all)]
    domains.sort(key=lambda domain: (domain["id"] is None, domain["id"] or 0, domain["name"]))
    if flags & {"name", "uuid", "id"}:
        rows = (
            [
                text
                for flag, text in (("uuid", domain["uuid"]), ("name", domain["name"]), ("id", _id(domain)))
                if flag in flags
            ]
            for domain in domains
        )
        return "".join(f"{' '.join(row)}\n" for row in rows)
    header = ["Id", "Name", "State", *(["Title"] if "title" in flags else [])]
    cells = [
        [_id(domain), domain["name"], STATES[domain["state"]], *([""] if "title" in flags else [])]
        for domain in domains
    ]
    return render_table(header, cells, quiet=session.quiet)


def _is_listed(domain: Domain, flags: set[str], *, shows_all: bool) -> bool:
    active = life.is_active(domain)
    if not shows_all and active == ("inactive" in flags):
        return False
    state = domain["state"]
    by_state = {
        "state-running": state in (life.RUNNING, life.BLOCKED),
        "state-paused": state == life.PAUSED,
        "state-shutoff": state == life.SHUTOFF,
        "state-other": state in (0, life.SHUTDOWN, life.CRASHED, life.PMSUSPENDED),
    }
    groups = (
        by_state,
        {"autostart": domain["autostart"], "no-autostart": not domain["autostart"]},
        {"persistent": domain["config"] is not None, "transient": domain["config"] is None},
        {"with-managed-save": False, "without-managed-save": True},
        {"with-snapshot": False, "without-snapshot": True},
    )
    return all(_passes(group, flags) for group in groups)


def _passes(group: dict[str, bool], flags: set[str]) -> bool:
    asked = [holds for flag, holds in group.items() if flag in flags]
    return not asked or any(asked)


def _domstats(session: Session, command: Command) -> str:
    flags = command.flags
    names = command.data.get("domain", [])
    if "" in names:
        raise RefusedError("failed to get domain ''")
    # The real one goes through a hash table: an order that means nothing, as the uuids' does.
    domains = [session.domain(name) for name in names] or sorted(
        session.all_domains(), key=lambda domain: domain["uuid"]
    )
    shown = flags & {"state", "balloon", "vcpu", "block"}
    others = flags & {"cpu-total", "interface"}
    if not names:
        domains = [domain for domain in domains if _is_counted(domain, flags)]
    blocks = [_stats(domain, shown if shown or others else {"state", "balloon", "vcpu", "block"}) for domain in domains]
    return "\n".join(blocks)


def _is_counted(domain: Domain, flags: set[str]) -> bool:
    state, active = domain["state"], life.is_active(domain)
    groups = (
        {"list-active": active, "list-inactive": not active},
        {"list-persistent": domain["config"] is not None, "list-transient": domain["config"] is None},
        {
            "list-running": state in (life.RUNNING, life.BLOCKED),
            "list-paused": state == life.PAUSED,
            "list-shutoff": state == life.SHUTOFF,
            "list-other": state in (0, life.SHUTDOWN, life.CRASHED, life.PMSUSPENDED),
        },
    )
    return all(_passes(group, flags) for group in groups)


def _stats(domain: Domain, shown: set[str]) -> str:
    current = _current(domain)
    lines = [f"Domain: '{domain['name']}'"]
    if "state" in shown:
        lines += [f"  state.state={domain['state']}", f"  state.reason={domain['reason']}"]
    if "balloon" in shown:
        lines += [f"  balloon.current={current['memory']}", f"  balloon.maximum={current['memory']}"]
    if "vcpu" in shown:
        lines += [f"  vcpu.current={current['vcpus']}", f"  vcpu.maximum={current['vcpus']}"]
    if "block" in shown:
        lines.append(f"  block.count={len(current['disks'])}")
        for index, disk in enumerate(current["disks"]):
            lines.append(f"  block.{index}.name={disk['target']}")
            if disk["source"] != "-":
                lines.append(f"  block.{index}.path={disk['source']}")
    return "".join(f"{line}\n" for line in lines)


def _dominfo(domain: Domain) -> str:
    current, active = _current(domain), life.is_active(domain)
    rows = [
        ("Id", _id(domain)),
        ("Name", domain["name"]),
        ("UUID", domain["uuid"]),
        ("OS Type", "hvm"),
        ("State", STATES[domain["state"]]),
        ("CPU(s)", str(current["vcpus"])),
        *([("CPU time", "0.4s")] if active else []),
        ("Max memory", f"{current['memory']} KiB"),
        ("Used memory", f"{current['memory']} KiB"),
        ("Persistent", "yes" if domain["config"] else "no"),
        ("Autostart", "enable" if domain["autostart"] else "disable"),
        ("Managed save", "no"),
        ("Security model", "none"),
        ("Security DOI", "0"),
    ]
    return "".join(f"{name + ':':<15} {value}\n" for name, value in rows)


def _domblklist(session: Session, domain: Domain, flags: set[str]) -> str:
    disks = _current(domain, inactive="inactive" in flags)["disks"]
    if "details" in flags:
        rows = [[disk["type"], disk["device"], disk["target"], disk["source"]] for disk in disks]
        return render_table(["Type", "Device", "Target", "Source"], rows, quiet=session.quiet)
    return render_table(["Target", "Source"], [[disk["target"], disk["source"]] for disk in disks], quiet=session.quiet)


def _dumpxml(domain: Domain, *, inactive: bool) -> str:
    definition = _current(domain, inactive=inactive)
    if inactive or domain["id"] is None:
        return definition["xml"]
    from opensvc_testkit.executables.domain_xml import live_xml  # only this command needs expat

    return live_xml(definition, domain["id"])
