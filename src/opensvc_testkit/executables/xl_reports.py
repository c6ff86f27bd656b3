"""``xl``'s commands that only tell."""

from __future__ import annotations

import json

from opensvc_testkit.executables.xl import RefusedError
from opensvc_testkit.executables.xl_config import READ_ONLY
from opensvc_testkit.executables.xl_state import (
    DOMAIN_0_MEMORY,
    USUALLY,
    find,
    free_memory,
    letters,
    seconds,
    state_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.xl import Session
    from opensvc_testkit.executables.xl_state import Domain
    from opensvc_testkit.executables.xl_words import Words

DOMAIN_0 = "Domain-0"
HEADER = "Name                                        ID   Mem VCPUs\tState\tTime(s)"
NIL = "00000000-0000-0000-0000-000000000000"


def perform(session: Session, command: str, words: Words) -> None:
    """Do one command. Raises RefusedError."""
    {"list": _list, "domid": _domid, "domname": _domname, "info": _info, "uptime": _uptime}[command](session, words)


def _list(session: Session, words: Words) -> None:
    if len(words.arguments) > 1:
        raise RefusedError("Usage: xl [-vfNtT] list [options] [Domain]\n")
    asked = words.arguments[0] if words.arguments else ""
    if asked.isdigit() and asked != "0" and find(session.node, asked) is None:
        raise RefusedError(f"Error: Domain '{asked}' does not exist.\n")
    domains: list[Domain | None] = [None, *state_of(session.node)["domains"].values()]
    if asked:
        domains = [None] if asked in ("0", DOMAIN_0) else [session.domain(asked)]
    if words.has("l", "long"):
        shown = [_as_json(domain) if domain else _domain_0() for domain in domains]
        session.stdout = json.dumps(shown, indent=4) + "\n"
        return
    verbose = words.has("v", "verbose")
    lines = [HEADER + ("   UUID                            Reason-Code\tSecurity Label" if verbose else "")]
    for domain in domains:
        if domain is None:
            line = _row(DOMAIN_0, 0, DOMAIN_0_MEMORY, 4, "r-----", 1000.0)
        else:
            line = _row(
                domain["name"], domain["domid"], domain["memory"], domain["vcpus"], letters(session.node, domain),
                seconds(domain, session.now),
            )  # fmt: skip
        lines.append(line + (f" {domain['settings']['uuid'] if domain else NIL}        -                -" if verbose
                             else ""))  # fmt: skip
    session.stdout = "".join(f"{line}\n" for line in lines)


def _row(name: str, domid: int, memory: int, vcpus: int, state: str, time: float) -> str:
    return f"{name:<40} {domid:5d} {memory:5d} {vcpus:5d}     {state}  {time:8.1f}"


def _domain_0() -> dict[str, Any]:
    return {"domid": 0, "config": {"c_info": {"type": "pv", "name": DOMAIN_0}, "b_info": {"type.pv": {}}}}


def _as_json(domain: Domain) -> dict[str, Any]:
    """One element of ``xl list -l``: its shape is [R]."""
    settings = domain["settings"]
    kind = "hvm" if "hvm" in (settings.get("type"), settings.get("builder")) else "pv"
    disks = [
        {"pdev_path": disk["pdev_path"], "vdev": disk["vdev"], "format": disk["format"],
         "readwrite": int(disk["access"] not in READ_ONLY)}
        for disk in settings["disks"]
    ]  # fmt: skip
    config: dict[str, Any] = {
        "c_info": {"type": kind, "name": domain["name"], "uuid": settings["uuid"], "run_hotplug_scripts": "True"},
        "b_info": {
            "max_vcpus": domain["vcpus"],
            "avail_vcpus": list(range(domain["vcpus"])),
            "max_memkb": domain["memory"] * 1024,
            "target_memkb": domain["memory"] * 1024,
            f"type.{kind}": {},
        },
        "disks": disks,
        "nics": [dict(_pair(word) for word in vif.split(",")) for vif in settings.get("vif", [])],
    }
    config.update((key, settings.get(key, usual)) for key, usual in USUALLY.items())
    return {"domid": domain["domid"], "config": config}


def _pair(word: str) -> tuple[str, str]:
    key, _, value = word.strip().partition("=")
    return key, value


def _domid(session: Session, words: Words) -> None:
    name = words.arguments[0]
    domain = find(session.node, name)
    if name == DOMAIN_0:
        session.stdout = "0\n"
    elif domain is None or domain["name"] != name:
        raise RefusedError(f"Can't get domid of domain name '{name}', maybe this domain does not exist.\n")
    else:
        session.stdout = f"{domain['domid']}\n"


def _domname(session: Session, words: Words) -> None:
    domain = find(session.node, words.arguments[0])
    if words.arguments[0] == "0":
        session.stdout = f"{DOMAIN_0}\n"
    elif domain is None or not words.arguments[0].isdigit():
        # [R]
        raise RefusedError(f"Can't get domain name of domain id '{words.arguments[0]}', maybe this domain does not"
                           " exist.\n")  # fmt: skip
    else:
        session.stdout = f"{domain['name']}\n"


def _info(session: Session, _words: Words) -> None:
    facts = {
        "host": session.node["name"],
        "release": "6.1.0-18-amd64",
        "machine": "x86_64",
        "nr_cpus": 4,
        "total_memory": state_of(session.node)["memory"],
        "free_memory": free_memory(session.node),
        "xen_major": 4,
        "xen_minor": 17,
        "xen_extra": ".3",
        "xen_version": "4.17.3",
        "xen_caps": "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_64",
        "xend_config_format": 4,
    }
    session.stdout = "".join(f"{name:<23}: {value}\n" for name, value in facts.items())


def _uptime(session: Session, words: Words) -> None:
    found = [session.domain(word) for word in words.arguments] or list(state_of(session.node)["domains"].values())
    lines = [f"{'Name':<33} {'ID':>4} Uptime"]
    for domain in found:
        up = int(session.now - domain["began"])
        lines.append(f"{domain['name']:<33} {domain['domid']:4d} {up // 3600:2d}:{up // 60 % 60:02d}:{up % 60:02d}")
    session.stdout = "".join(f"{line}\n" for line in lines)
