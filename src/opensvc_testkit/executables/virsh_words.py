"""virsh's command lines: its commands, their options, and the words of its refusals (captured, libvirt 9.0.0)."""

from __future__ import annotations

from opensvc_testkit.executables.call import NotSimulatedError
from opensvc_testkit.executables.words import UnfinishedError, split_commands

DOMAIN = ["domain"]
NO_DATA: list[str] = []

# command: (data options in the order in which plain words fill them, how many of these are required, flags)
COMMANDS: dict[str, tuple[list[str], int, tuple[str, ...]]] = {
    "autostart": (DOMAIN, 1, ("disable", "once")),
    "capabilities": (["xpath"], 0, ("wrap",)),
    "define": (["file"], 1, ("validate",)),
    "destroy": (DOMAIN, 1, ("graceful", "remove-logs")),
    "domblklist": (DOMAIN, 1, ("inactive", "details")),
    "domid": (DOMAIN, 1, ()),
    "domjobabort": (DOMAIN, 1, ("postcopy",)),
    "dominfo": (DOMAIN, 1, ()),
    "domstate": (DOMAIN, 1, ("reason",)),
    "domstats": (
        ["domain..."],
        0,
        ("state", "cpu-total", "balloon", "vcpu", "interface", "block", "list-active", "list-inactive",
         "list-persistent", "list-transient", "list-running", "list-paused", "list-shutoff", "list-other",
         "raw", "enforce", "backing", "nowait"),
    ),
    "domuuid": (DOMAIN, 1, ()),
    "dumpxml": (["domain", "xpath"], 1, ("inactive", "security-info", "update-cpu", "migratable", "wrap")),
    "echo": (["str..."], 0, ("shell", "xml", "split", "err")),
    "hostname": (NO_DATA, 0, ()),
    "list": (
        NO_DATA,
        0,
        ("inactive", "all", "transient", "persistent", "with-snapshot", "without-snapshot", "state-running",
         "state-paused", "state-shutoff", "state-other", "autostart", "no-autostart", "with-managed-save",
         "without-managed-save", "uuid", "name", "id", "table", "managed-save", "title"),
    ),
    "migrate": (
        ["domain", "desturi", "migrateuri", "graphicsuri", "listen-address", "dname", "timeout", "xml",
         "migrate-disks", "disks-port", "disks-uri", "comp-methods", "persistent-xml", "bandwidth"],
        2,
        ("live", "offline", "p2p", "direct", "tunnelled", "persistent", "undefinesource", "suspend",
         "copy-storage-all", "copy-storage-inc", "copy-storage-synchronous-writes", "change-protection", "unsafe",
         "verbose", "compressed", "auto-converge", "rdma-pin-all", "abort-on-error", "postcopy",
         "postcopy-after-precopy", "postcopy-resume", "zerocopy", "timeout-suspend", "timeout-postcopy", "tls",
         "parallel"),
    ),
    "qemu-agent-command": (["domain", "cmd..."], 2, ("async", "block", "pretty")),
    "reboot": (["domain", "mode"], 1, ()),
    "reset": (DOMAIN, 1, ()),
    "resume": (DOMAIN, 1, ()),
    "shutdown": (["domain", "mode"], 1, ()),
    "start": (
        ["domain", "pass-fds"],
        1,
        ("console", "paused", "autodestroy", "bypass-cache", "force-boot", "reset-nvram"),
    ),
    "suspend": (DOMAIN, 1, ()),
    "undefine": (
        ["domain", "storage"],
        1,
        ("managed-save", "remove-all-storage", "delete-storage-volume-snapshots", "wipe-storage", "snapshots-metadata",
         "checkpoints-metadata", "nvram", "keep-nvram", "tpm", "keep-tpm"),
    ),
    "uri": (NO_DATA, 0, ()),
    "version": (NO_DATA, 0, ("daemon",)),
}  # fmt: skip
VALUE_OPTIONS = {"qemu-agent-command": ("timeout",)}
"""Options with a value that a plain word never fills."""
NOT_SIMULATED = ("attach-disk", "blockcopy", "console", "create", "detach-disk", "domdisplay", "domif-setlink",
                 "domifaddr", "domjobinfo", "domname", "domrename", "edit", "event", "help", "managedsave",
                 "migrate-setspeed", "net-list", "nodeinfo", "pool-list", "restore", "save", "snapshot-create",
                 "sysinfo", "vol-list")  # fmt: skip
"""Commands of virsh that this one does not simulate; any other word is no command of virsh."""


class UsageError(Exception):
    """Refused before anything ran: the lines, without ``error: ``."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Command:
    """One command, read and found well-formed."""

    __slots__ = ("data", "flags", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.data: dict[str, list[str]] = {}
        self.flags: set[str] = set()

    def get(self, option: str, default: str = "") -> str:
        """The value of a data option."""
        return self.data.get(option, [default])[0]


class Options:
    """What stands before the command."""

    __slots__ = ("prints_version", "quiet", "uri", "words")

    def __init__(self) -> None:
        self.quiet = False
        self.uri: str | None = None
        self.prints_version = ""
        self.words: list[str] = []


def read_options(words: list[str]) -> Options:
    """The options of virsh itself. Raises UsageError."""
    options = Options()
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name == "--":
            break
        if name in ("-c", "--connect") or (word.startswith("-c") and not equals):
            options.uri = (
                value if equals else word[2:] if name not in ("-c", "--connect") else _value(rest, "c", "connect")
            )
        elif name in ("-q", "--quiet"):
            options.quiet = True
        elif word.startswith("-q") and len(word) > 2:
            options.quiet = True
            rest.insert(0, "-" + word[2:])
        elif name in ("-v", "-V", "--version"):
            options.prints_version = "long" if name == "-V" or value == "long" else "short"
        elif name not in ("-r", "--readonly", "-t", "--timing"):
            if name in ("-d", "--debug", "-k", "-K", "-l", "--log", "-h", "--help", "-e", "--escape"):
                raise NotSimulatedError(word)
            raise UsageError(f"unsupported option '{word}'. See --help.")
    options.words = rest
    return options


def _value(rest: list[str], short: str, long: str) -> str:
    if not rest:
        raise UsageError(f"option '-{short}'/'--{long}' requires an argument")
    return rest.pop(0)


def read_commands(words: list[str]) -> list[Command]:
    """One word is a line of commands, several are one command. Raises UsageError, and then none of them runs."""
    if len(words) == 1:
        if not words[0]:
            raise UsageError
        try:
            lines = split_commands(words[0])
        except UnfinishedError as error:
            missing = str(error)
            raise UsageError("dangling \\" if missing == "\\" else f"missing {missing}") from None
    else:
        lines = [words]
    return [_read_command(line) for line in lines]


def _read_command(line: list[str]) -> Command:
    name = line[0]
    if name in NOT_SIMULATED:
        raise NotSimulatedError(name)
    if name not in COMMANDS:
        raise UsageError(f"unknown command: '{name}'")
    command = Command(name)
    data, required, _ = COMMANDS[name]
    rest, options_end = line[1:], False
    while rest:
        word = rest.pop(0)
        if word == "--" and not options_end:
            options_end = True
        elif word.startswith("--") and not options_end:
            _read_option(command, word[2:], rest)
        else:
            _fill_data(command, word)
    missing = [_bare(option) for option in data[:required] if _bare(option) not in command.data]
    if missing:
        raise UsageError(*(f"command '{name}' requires <{option}> option" for option in missing))
    return command


def _bare(option: str) -> str:
    return option.removesuffix("...")


def _read_option(command: Command, text: str, rest: list[str]) -> None:
    name, equals, value = text.partition("=")
    data, _, flags = COMMANDS[command.name]
    if name in flags:
        if equals:
            raise UsageError(f"invalid '=' after option --{name}")
        if name in command.flags:
            raise UsageError(f"option --{name} already seen")
        command.flags.add(name)
        return
    if name not in map(_bare, data) and name not in VALUE_OPTIONS.get(command.name, ()):
        raise UsageError(f"command '{command.name}' doesn't support option --{name}")
    if not equals and not rest:
        raise UsageError(f"expected syntax: --{name} <string>")  # [R]
    command.data.setdefault(name, []).append(value if equals else rest.pop(0))


def _fill_data(command: Command, word: str) -> None:
    for option in COMMANDS[command.name][0]:
        name = _bare(option)
        if name not in command.data or option.endswith("..."):
            command.data.setdefault(name, []).append(word)
            return
    raise UsageError(f"unexpected data '{word}'")
