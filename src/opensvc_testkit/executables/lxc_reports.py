"""LXC's commands that only tell."""

from __future__ import annotations

from opensvc_testkit.executables import lxc_state
from opensvc_testkit.executables.lxc import RefusedError
from opensvc_testkit.executables.lxc_words import LIBRARY, complaint
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.lxc import Session
    from opensvc_testkit.executables.shapes import World

COLUMNS = ("NAME", "STATE", "PID", "RAM", "SWAP", "AUTOSTART", "GROUPS", "INTERFACE", "IPV4", "IPV6", "UNPRIVILEGED")
USUAL_COLUMNS = ("NAME", "STATE", "AUTOSTART", "GROUPS", "IPV4", "IPV6", "UNPRIVILEGED")
STATES = ("STOPPED", "STARTING", "RUNNING", "STOPPING", "ABORTING", "FREEZING", "FROZEN", "THAWED")
NUMBERS = (("CPU use:", "0.01 seconds", "10000000"), ("BlkIO use:", "0 bytes", "0"),
           ("Memory use:", "1.20 MiB", "1258291"), ("KMem use:", "508.00 KiB", "520192"))  # fmt: skip
TRAFFIC = (("TX bytes:", "90 bytes", "90"), ("RX bytes:", "0 bytes", "0"), ("Total bytes:", "90 bytes", "90"))


def perform(session: Session, command: str) -> None:
    """Do one command. Raises RefusedError."""
    {"lxc-info": _info, "lxc-ls": _ls, "lxc-wait": _wait, "lxc-config": _config}[command](session)


def _addresses(session: Session, name: str) -> list[str]:
    """What a container has plumbed: it has a network as soon as it runs."""
    guest = session.world["guests"].get(name)
    return [each["address"] for each in guest["addresses"]] if guest else []


def _info(session: Session) -> None:
    words, name, path = session.words, session.words.name, session.words.path
    try:
        config = lxc_state.read_config(session.store, session.node, path, name)
    except lxc_state.BadConfigError:
        raise RefusedError(
            f"Failed to load config for {name}\nFailure to retrieve information on {path}:{name}\n"
        ) from None
    container = lxc_state.running(session.node, path, name)
    if config is None and container is None:
        raise RefusedError(f"{name} doesn't exist\n")
    everything = not words.has("state", "pid", "ips", "stats", "config")
    bare = words.has("no-humanize") and len([option for option in ("state", "pid", "ips") if words.has(option)]) == 1
    lines = [f"{'Name:':<15} {name}"] if everything else []
    if everything or words.has("state"):
        lines.append(_line("State:", lxc_state.word_of(session.node, path, name), bare=bare))
    if container is not None:
        if everything or words.has("pid"):
            lines.append(_line("PID:", str(container["pid"]), bare=bare))
        if everything or words.has("ips"):
            lines += [_line("IP:", address, bare=bare) for address in _addresses(session, name)]
        if everything or words.has("stats"):
            lines += _statistics(session, name, raw=words.has("no-humanize"))
    for key in words.options.get("config", []):
        lines += _values(session, key, config or {})
    session.stdout = "".join(f"{line}\n" for line in lines)


def _line(label: str, value: str, *, bare: bool) -> str:
    return value if bare else f"{label:<15} {value}"


def _statistics(session: Session, name: str, *, raw: bool) -> list[str]:
    lines = [f"{label:<15} {plain if raw else shown}" for label, shown, plain in NUMBERS]
    if _addresses(session, name):
        lines.append(f"{'Link:':<15} vethSIMULA")
        lines += [f" {label:<14} {plain if raw else shown}" for label, shown, plain in TRAFFIC]
    return lines


def _values(session: Session, key: str, config: dict[str, list[str]]) -> list[str]:
    if key.split(".", maxsplit=1)[0] != "lxc" or key.split(".")[1:2] == [] or key.split(".")[1] not in lxc_state.KEYS:
        session.stderr += f"{key} invalid\n"
        return []
    values = config.get(key, [])
    if key == "lxc.rootfs.path":
        values = [lxc_state.rootfs_of(config)] if values else []
    if len(values) < 2:
        return [f"{key} = {value}" for value in values]
    return [f"{key} = {values[0]}", *values[1:], ""]


def _ls(session: Session) -> None:
    words, path = session.words, session.words.path
    columns = words.get("fancy-format").split(",") if words.has("fancy-format") else list(USUAL_COLUMNS)
    rows = []
    for name in lxc_state.names(session.store, session.node, path):
        if words.rest and name not in words.rest:
            continue
        if words.has("active", "frozen") and lxc_state.running(session.node, path, name) is None:
            # It looks at the containers that run, and at no other's configuration (captured).
            continue
        try:
            config = lxc_state.read_config(session.store, session.node, path, name) or {}
        except lxc_state.BadConfigError:
            session.stderr += f"Failed to load config for {name}\n"
            continue
        if _is_chosen(session, name, config):
            rows.append((name, config))
    unknown = [column for column in columns if column not in COLUMNS]
    if unknown:
        # The status is 0 (captured).
        session.stderr += f"Invalid key: {unknown[0]}\n"
        return
    if not rows:
        return
    if words.has("fancy"):
        cells = [[_cell(session, name, config, column) for column in columns] for name, config in rows]
        shown = [columns, *cells]
        widths = [max(len(row[at]) for row in shown) for at in range(len(columns))]
        lines = ["".join(f"{cell:<{width}} " for cell, width in zip(row, widths, strict=True)) for row in shown]
    else:
        # Not to a terminal each has a row of its own, at least four wide.
        width = 0 if words.has("line") else max(4, *(len(name) for name, _ in rows))
        lines = [f"{name:<{width}}" for name, _ in rows]
    session.stdout = "".join(f"{line}\n" for line in lines)


def _is_chosen(session: Session, name: str, config: dict[str, list[str]]) -> bool:
    words = session.words
    word = lxc_state.word_of(session.node, words.path, name)
    # A frozen one counts as running (captured).
    kinds = {"running": word != "STOPPED", "active": word != "STOPPED", "frozen": word == "FROZEN",
             "stopped": word == "STOPPED"}  # fmt: skip
    asked = [holds for kind, holds in kinds.items() if words.has(kind)]
    if asked and not any(asked):
        return False
    groups = [group for group in words.get("groups").split(",") if group]
    return not groups or all(group in config.get("lxc.group", []) for group in groups)


def _cell(session: Session, name: str, config: dict[str, list[str]], column: str) -> str:
    container = lxc_state.running(session.node, session.words.path, name)
    if column in ("PID", "RAM", "SWAP", "INTERFACE", "IPV4"):
        if container is None:
            return "-"
        addresses = _addresses(session, name)
        return {
            "PID": str(container["pid"]),
            "RAM": "1.20MB",
            "SWAP": "0.00MB",
            "INTERFACE": "eth0, lo" if addresses else "lo",
            "IPV4": ", ".join(addresses) or "-",
        }[column]
    return {
        "NAME": name,
        "STATE": lxc_state.word_of(session.node, session.words.path, name),
        "AUTOSTART": "1" if config.get("lxc.start.auto", ["0"])[-1] == "1" else "0",
        "GROUPS": ", ".join(config.get("lxc.group", [])) or "-",
        "IPV6": "-",
        "UNPRIVILEGED": "true" if "lxc.idmap" in config else "false",
    }[column]


def _wait(session: Session) -> None:
    words, name, path = session.words, session.words.name, session.words.path
    if not words.has("state"):
        raise RefusedError("lxc-wait: could not parse command line\n")
    wanted = words.get("state").split("|")
    for word in wanted:
        if word not in STATES:
            raise RefusedError(complaint("lxc-wait", name, 51, f"invalid state '{word}'"))
    node = session.node["name"]
    limit = int(words.get("timeout") or -1)
    until = session.now + limit
    was_running = lxc_state.running(session.node, path, name) is not None

    def is_reached(world: World) -> bool:
        return lxc_state.word_of(world["nodes"][node], path, name) in wanted

    def lasts(world: World) -> bool:
        return not is_reached(world) and (limit <= 0 or now(world) < until)

    def end() -> None:
        if is_reached(session.world):
            return
        text = ""
        if was_running:
            gone = "Resource temporarily unavailable - Failed to receive"
            text = complaint("lxc-wait", name, 49, f"{gone} message",
                             "../src/lxc/commands_utils.c: lxc_cmd_sock_rcv_state")  # fmt: skip
            text += complaint("lxc-wait", name, 103, f"{gone} state from monitor", "../src/lxc/state.c: lxc_wait")
        raise RefusedError(text)

    session.waits, session.then = lasts, end


def _config(session: Session) -> None:
    keys = session.words.rest
    if keys != ["lxc.lxcpath"]:
        # [R]
        raise RefusedError(f"Unknown configuration item: {keys[0] if keys else ''}\n")
    session.stdout = f"{LIBRARY}\n"
