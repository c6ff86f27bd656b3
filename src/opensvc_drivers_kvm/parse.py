"""What virsh prints, read by pure functions (LC_ALL=C; seen with libvirt 9.0.0, layouts of vendor/kvm facts)."""

from __future__ import annotations

import re

from attrs import frozen

from opensvc_drivers_kvm.states import DomainState

_HEADER = re.compile(r"Domain: '(.*)'\Z")
_FIELD = re.compile(r"\s+([A-Za-z][\w.-]*)=(.*)\Z")
_URI = re.compile(r"[a-z][a-z0-9+.-]*://\S*\Z")
_NUMBER = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_AUTOSTART = re.compile(r"Autostart:\s+(enable|disable)\Z")


@frozen
class Listing:
    """All domains of one libvirt.

    Attributes:
        states: by name; None for a domain whose state could not be read.
        autostarted: names of those that start with the node.
        is_complete: whether nothing is missing: only then a name that is not there is not defined.
    """

    states: dict[str, DomainState | None]
    autostarted: frozenset[str] = frozenset()
    is_complete: bool = False


def _lines(text: str) -> list[str]:
    """Lines as virsh ends them; a name may hold what Python takes for other ends of a line."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def parse_states(lines: list[str]) -> tuple[dict[str, DomainState | None], bool]:
    """States by name from ``domstats --state``, and whether every line was understood.

    A block counts only when something follows it: output that was cut must not pass for a state.
    """
    states: dict[str, DomainState | None] = {}
    is_understood = True
    name: str | None = None
    fields: dict[str, str] = {}
    for line in lines:
        if header := _HEADER.match(line):
            if name is not None:
                states[name] = _domain_state(fields)
            name, fields = header[1], {}
        elif not line:
            if name is not None:
                states[name] = _domain_state(fields)
            name = None
        elif name is not None and (pair := _FIELD.match(line)):
            fields[pair[1]] = pair[2].strip()
        else:
            is_understood = False
    return states, is_understood and name is None


def _domain_state(fields: dict[str, str]) -> DomainState | None:
    state, reason = fields.get("state.state", ""), fields.get("state.reason", "0")
    if not _NUMBER.match(state) or not _NUMBER.match(reason):
        return None
    return DomainState(int(state), int(reason))


def parse_listing(text: str) -> Listing:
    """All domains from ``domstats --state; uri; list --all --autostart --name; uri``.

    ``uri`` parts the answers: no name of a domain can look like one, as libvirt allows no ``/`` in names.
    """
    parts: list[list[str]] = [[]]
    uris = []
    for line in _lines(text):
        if _URI.match(line):
            uris.append(line)
            parts[-1].append("")
            parts.append([])
        else:
            parts[-1].append(line)
    states, is_understood = parse_states(parts[0])
    if len(parts) == 1:
        return Listing(states)
    names = frozenset(line for line in parts[1] if line.strip()) if len(parts) > 2 else frozenset()
    is_complete = (
        is_understood and len(parts) == 3 and uris[0] == uris[1] and not any(line.strip() for line in parts[2])
    )
    return Listing(states, names, is_complete)


@frozen
class DomainAnswer:
    """One domain.

    Attributes:
        name: as virsh names it, empty if it named none.
        state: None if it could not be read.
        is_autostarted: None if it was not said.
        definition: its XML, empty if it was not asked or not given in full.
    """

    name: str = ""
    state: DomainState | None = None
    is_autostarted: bool | None = None
    definition: str = ""


def parse_domain(text: str) -> DomainAnswer:
    """One domain from ``domstats --state NAME``, perhaps followed by ``dominfo NAME`` and ``dumpxml NAME``."""
    before, opening, definition = text.partition("<domain")
    is_whole = definition.rstrip().endswith("</domain>")
    lines = _lines(before)
    blocks = [index for index, line in enumerate(lines) if not line.strip()]
    states, _ = parse_states(lines[: blocks[0] + 1] if blocks else lines)
    name, state = next(iter(states.items()), ("", None))
    autostart = next((found[1] for line in lines if (found := _AUTOSTART.match(line.rstrip()))), None)
    return DomainAnswer(
        name,
        state,
        None if autostart is None else autostart == "enable",
        (opening + definition).strip() if opening and is_whole else "",
    )


def errors_of(stderr: str) -> str:
    """The lines that virsh marks as errors, without the mark, on one line; empty if there are none."""
    marked = [line.removeprefix("error:").strip() for line in stderr.splitlines() if line.startswith("error:")]
    return ": ".join(dict.fromkeys(line for line in marked if line))


def is_unknown_domain(stderr: str) -> bool:
    """Whether virsh may mean that no such domain is defined. It says the same when the connection broke: ask again."""
    return "failed to get domain" in stderr or "Domain not found" in stderr


def parse_capacities(text: str) -> dict[str, dict[str, int]]:
    """Bytes that each disk has to its guest, by domain and path, of ``virsh domstats --block``; what is not told lacks.

    Lines as libvirt 9.0 prints them: ``Domain: 'vm188'``, then ``  block.0.path=…`` and ``  block.0.capacity=…``.
    """
    found: dict[str, dict[str, int]] = {}
    name, paths = "", dict[str, str]()
    for line in text.splitlines():
        if line.startswith("Domain: '") and line.endswith("'"):
            name, paths = line[len("Domain: '") : -1], {}
            continue
        key, equals, value = line.strip().partition("=")
        parts = key.split(".")
        if not equals or len(parts) != 3 or parts[0] != "block":
            continue
        if parts[2] == "path":
            paths[parts[1]] = value
        elif parts[2] == "capacity" and parts[1] in paths and value.isascii() and value.isdigit() and int(value):
            found.setdefault(name, {})[paths[parts[1]]] = int(value)
    return found
