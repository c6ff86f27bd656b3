"""Looks what this machine lacks as a node, and what on it is unsafe; changes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.actions.install.install import plan_installation
from opensvc_core.actions.trust import readable_services
from opensvc_core.actions.trust_check import audit
from opensvc_core.cluster.host_mode import WORDS, read_host_mode
from opensvc_core.container_platform import AUTOSTART
from opensvc_core.errors import ConfigError, OpenSVCError
from opensvc_core.inventory.thresholds import read_thresholds
from opensvc_core.model import Note, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.install.site import Site

STATUS_LIMIT = 20.0
"""Seconds for the platforms to say what they start by themselves."""
SECRETS = ("etc/node.conf", "var/prkey")
"""Files below the root that may hold keys."""


@frozen
class Finding:
    """One thing that is missing or unsafe.

    Attributes:
        severity: error for what is unsafe, warning for what is missing.
        code: stable word.
        text: what is so.
        remedy: what to do.
    """

    severity: Severity
    code: str
    text: str
    remedy: str


def check_node(agent: Agent, site: Site, verbs: Collection[str], completion: str) -> list[Finding]:
    """Everything that is missing or unsafe on this node, what is unsafe first.

    Args:
        agent: of this node.
        site: the machine.
        verbs: of ``osvc``.
        completion: script for bash.
    """
    found = [*_mode(agent), *_installation(site, verbs, completion), *_secrets(agent), *_thresholds(agent)]
    try:
        found += [_of_note(note) for note in audit(agent)]
    except OpenSVCError as error:
        found.append(Finding(Severity.ERROR, error.code, error.message, error.hint))
    found += [*_resuming(site), *_autostarts(agent)]
    unique = {(each.code, each.text): each for each in found}
    return sorted(unique.values(), key=lambda each: each.severity is not Severity.ERROR)


def _mode(agent: Agent) -> Iterable[Finding]:
    try:
        mode = read_host_mode(agent.node.folders)
    except OpenSVCError as error:
        yield Finding(Severity.ERROR, "host_mode", error.message, error.hint)
        return
    if mode is None:
        remedy = f"osvc node host-mode {'|'.join(WORDS)}"
        yield Finding(Severity.WARNING, "host_mode_unset", "the host mode is not set", remedy)


def _installation(site: Site, verbs: Collection[str], completion: str) -> Iterable[Finding]:
    try:
        plan = plan_installation(site, verbs, completion)
    except OSError as error:
        yield Finding(Severity.WARNING, "not_installed", f"{error.filename}: {error.strerror}", "osvc node install")
        return
    for part, changes in plan.parts.items():
        for change in changes:
            is_unsafe = change.what.startswith("chmod ")
            severity = Severity.ERROR if is_unsafe else Severity.WARNING
            code = "permissions" if is_unsafe else "not_installed"
            yield Finding(severity, code, f"{part}: still to do: {change.what}", "osvc node install")
    for note in plan.notes:
        yield Finding(Severity.WARNING, "not_installed", note, "see docs/reference/node.md")


def _secrets(agent: Agent) -> Iterable[Finding]:
    for name in SECRETS:
        path = agent.node.folders.root / name
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        has_keys = name != "etc/node.conf" or bool(agent.node.settings.get("prkeys"))
        if mode & 0o022 or (has_keys and mode & 0o077):
            text = f"others than its owner can read or write {path} (mode {mode & 0o7777:04o})"
            yield Finding(Severity.ERROR, "permissions", text, f"chmod 600 {path}")


def _thresholds(agent: Agent) -> Iterable[Finding]:
    """Whether the job `checks` can judge what it sees."""
    try:
        read_thresholds(agent.node)
    except ConfigError as error:
        yield Finding(Severity.WARNING, error.code, error.message, error.hint)


def _of_note(note: Note) -> Finding:
    text, _, remedy = note.text.rpartition(": ")
    return Finding(note.severity, note.code, text or note.text, remedy if text else "osvc node trust --check")


def _resuming(site: Site) -> Iterable[Finding]:
    """Services of the system that bring guests back after a boot, behind the agent's back."""
    if _is_enabled(site, "libvirt-guests") and _setting(site, "libvirt-guests", "ON_BOOT", "start") != "ignore":
        yield Finding(
            Severity.ERROR,
            "guests_resumed",
            "libvirt-guests starts at boot the guests that ran at shutdown, wherever they run now",
            "ON_BOOT=ignore in /etc/default/libvirt-guests, or: systemctl disable libvirt-guests",
        )
    if _is_enabled(site, "lxc") and _setting(site, "lxc", "LXC_AUTO", "true") == "true":
        started = sorted(
            path.parent.name
            for path in site.at("var/lib/lxc").glob("*/config")
            if re.search(r"^\s*lxc\.start\.auto\s*=\s*1\s*$", _text(path), re.MULTILINE)
        )
        for name in started:
            yield Finding(
                Severity.WARNING,
                "guests_resumed",
                f"the container {name} is started at boot by the system",
                f"if it is one of a service: lxc.start.auto = 0 in /var/lib/lxc/{name}/config",
            )


def _is_enabled(site: Site, name: str) -> bool:
    units = [folder / f"{name}.service" for folder in site.at("etc/systemd/system").glob("*.wants")]
    if any(unit.is_symlink() or unit.exists() for unit in units):
        return True
    return not site.has_systemd and any(True for _ in site.at("etc").glob(f"rc[2345].d/S??{name}"))


def _setting(site: Site, file: str, name: str, default: str) -> str:
    """A variable of a file in ``/etc/default`` or ``/etc/sysconfig``; the last one counts, as for the shell."""
    value = default
    for folder in ("etc/sysconfig", "etc/default"):
        for found in re.finditer(rf"^\s*{name}=(.*)$", _text(site.at(folder) / file), re.MULTILINE):
            value = found[1].partition("#")[0].strip().strip("'\"")
    return value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _autostarts(agent: Agent) -> Iterable[Finding]:
    """Guests of services that their hypervisor starts by itself: their drivers say so in the status."""
    notes: list[Note] = []
    services = readable_services(agent, notes)
    for note in notes:
        yield Finding(Severity.WARNING, note.code, note.text, "osvc config validate")
    shared = [service for service in services if len(service.all_nodes) > 1]
    if not shared:
        return
    try:
        statuses = agent.status(shared, timeout=STATUS_LIMIT)
    except OpenSVCError as error:
        yield Finding(Severity.WARNING, error.code, f"the guests could not be asked: {error.message}", error.hint)
        return
    for status in statuses.values():
        for item in status.resources:
            for each in item.report.notes:
                if each.code == AUTOSTART:
                    text = f"{item.resource.id}: {each.text}"
                    remedy = f"the next `osvc start {item.resource.id.service}` turns it off"
                    yield Finding(Severity.ERROR, AUTOSTART, text, remedy)
