"""The words of ``sg_persist`` 0.67 (captured, sg3_utils 1.46): options, actions, and how it says what a target said."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.getopt_long import BadOptionError, Parsed, read
from opensvc_testkit.executables.targets import ATTENTION, CONFLICT, ILLEGAL, NOT_READY, UNSUPPORTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.targets import RefusedError

SYNTAX, CONTRADICTS = 1, 31
ERRNO = 50
"""Added to a number of the operating system's errors."""
ENOENT, ENXIO, ENOTTY = 2, 6, 25
ERRORS = {
    ENOENT: "No such file or directory",
    ENXIO: "No such device or address",
    ENOTTY: "Inappropriate ioctl for device",
}

USAGE = """\
Usage: sg_persist [OPTIONS] [DEVICE]
  where the main OPTIONS are:
    --clear|-C                 PR Out: Clear
    --help|-h                  print usage message, twice for more
    --in|-i                    request PR In command (default)
    --out|-o                   request PR Out command
    --param-rk=RK|-K RK        PR Out parameter reservation key
                               (RK is in hex)
    --param-sark=SARK|-S SARK    PR Out parameter service action
                                 reservation key (SARK is in hex)
    --preempt|-P               PR Out: Preempt
    --preempt-abort|-A         PR Out: Preempt and Abort
    --prout-type=TYPE|-T TYPE    PR Out type field (see '-hh')
    --read-full-status|-s      PR In: Read Full Status
    --read-keys|-k             PR In: Read Keys (default)
    --read-reservation|-r      PR In: Read Reservation
    --read-status|-s           PR In: Read Full Status
    --register|-G              PR Out: Register
    --register-ignore|-I       PR Out: Register and Ignore
    --register-move|-M         PR Out: Register and Move
                               for '--register-move'
    --release|-L               PR Out: Release
    --replace-lost|-x          PR Out: Replace Lost Reservation
    --report-capabilities|-c   PR In: Report Capabilities
    --reserve|-R               PR Out: Reserve
    --unreg|-U                 optional with PR Out Register and Move

Performs a SCSI PERSISTENT RESERVE (IN or OUT) command. Invoking
'sg_persist DEVICE' will do a PR In Read Keys command. Use '-hh'
for more options and TYPE meanings.
"""

IN_ACTIONS = {
    "read-keys": "Read keys",
    "read-reservation": "Read reservation",
    "report-capabilities": "Report capabilities",
    "read-full-status": "Read full status",
}
OUT_ACTIONS = {
    "register": "Register",
    "reserve": "Reserve",
    "release": "Release",
    "clear": "Clear",
    "preempt": "Preempt",
    "preempt-abort": "Preempt and abort",
    "register-ignore": "Register and ignore existing key",
    "register-move": "Register and move",
    "replace-lost": "Replace lost reservation",
}
TYPES = {
    1: "Write Exclusive",
    3: "Exclusive Access",
    5: "Write Exclusive, registrants only",
    6: "Exclusive Access, registrants only",
    7: "Write Exclusive, all registrants",
    8: "Exclusive Access, all registrants",
}
# In the order in which an ambiguous option lists them.
OPTIONS: list[tuple[str, str, bool]] = [
    ("l", "alloc-length", True), ("l", "alloc_length", True), ("C", "clear", False), ("d", "device", True),
    ("h", "help", False), ("H", "hex", False), ("i", "in", False), ("m", "maxlen", True),
    ("n", "no-inquiry", False), ("n", "no_inquiry", False), ("o", "out", False), ("Y", "param-alltgpt", False),
    ("Y", "param_alltgpt", False), ("Z", "param-aptpl", False), ("Z", "param_aptpl", False), ("K", "param-rk", True),
    ("K", "param_rk", True), ("S", "param-sark", True), ("S", "param_sark", True), ("P", "preempt", False),
    ("A", "preempt-abort", False), ("A", "preempt_abort", False), ("T", "prout-type", True), ("T", "prout_type", True),
    ("s", "read-full-status", False), ("k", "read-keys", False),
    ("k", "read_keys", False), ("y", "readonly", False), ("r", "read-reservation", False),
    ("r", "read_reservation", False), ("G", "register", False), ("I", "register-ignore", False),
    ("I", "register_ignore", False), ("M", "register-move", False), ("M", "register_move", False),
    ("L", "release", False), ("Q", "relative-target-port", True), ("Q", "relative_target_port", True),
    ("x", "replace-lost", False), ("x", "replace_lost", False), ("c", "report-capabilities", False),
    ("c", "report_capabilities", False), ("R", "reserve", False), ("X", "transport-id", True),
    ("X", "transport_id", True), ("U", "unreg", False), ("v", "verbose", False), ("V", "version", False),
]  # fmt: skip
NOT_SIMULATED = ("alloc-length", "hex", "maxlen", "relative-target-port", "transport-id", "unreg", "verbose",
                 "register-move", "replace-lost")  # fmt: skip

SAID = {
    CONFLICT: (24, "Reservation conflict", "Reservation conflict"),
    ATTENTION: (6, "Unit attention", "Unit attention"),
    NOT_READY: (2, "Device not ready", "Device not ready"),
    ILLEGAL: (
        5,
        "bad field in cdb or parameter list (perhaps unsupported service action)",
        "Illegal request",
    ),
    UNSUPPORTED: (9, "command not supported", "Illegal request, Invalid opcode"),
}
"""Exit status, the words of the action's line, those of the last line."""


class Asked:
    """One command line that makes sense. ``is_out`` and ``action`` say which command; the keys are numbers."""

    __slots__ = ("action", "device", "is_out", "key", "kind", "new", "notes", "persists", "read_only", "with_inquiry")

    def __init__(self, parsed: Parsed, action: str, device: str, notes: str) -> None:
        self.action = action
        self.is_out = parsed.has("out")
        self.device = device
        self.notes = notes
        self.key = int(parsed.get("param-rk", "0"), 16)
        self.new = int(parsed.get("param-sark", "0"), 16)
        self.kind = int(parsed.get("prout-type", "0"), 16)
        self.persists = parsed.has("param-aptpl")
        self.with_inquiry = not parsed.has("no-inquiry")
        self.read_only = parsed.has("readonly")

    @property
    def command(self) -> str:
        """As a line of an error begins: ``PR out (Reserve)``."""
        return f"PR out ({OUT_ACTIONS[self.action]})" if self.is_out else f"PR in ({IN_ACTIONS[self.action]})"


def understand(words: list[str]) -> Asked | Answer:
    """What is asked, or how it is refused. Raises NotSimulatedError."""
    try:
        parsed = read(words, OPTIONS)
    except BadOptionError as error:
        # Status 0: odd, but so it is in this version.
        return Answer(0, "", f"sg_persist: {error}\n{USAGE}")
    for name, value in parsed.options:
        if name in NOT_SIMULATED:
            raise NotSimulatedError(f"--{name}")
        if name in ("param-rk", "param-sark", "prout-type") and not _is_hex(value):
            return Answer(SYNTAX, "", f"bad argument to '--{name}'\n")
    if parsed.has("help"):
        return Answer(0, "", USAGE)
    if parsed.has("version"):
        return Answer(0, "", "version: 0.67 20190913\n")
    devices = [*parsed.all("device"), *parsed.operands]
    if len(devices) > 1:
        return Answer(SYNTAX, "", f"Unexpected extra argument: {devices[1]}\n{USAGE}")
    if not devices:
        return Answer(SYNTAX, "", f"No device name given\n{USAGE}")
    return _choose_action(parsed, devices[0])


def _choose_action(parsed: Parsed, device: str) -> Asked | Answer:
    if parsed.has("in") and parsed.has("out"):
        return Answer(CONTRADICTS, "", f"choose '--in' _or_ '--out' (not both)\n{USAGE}")
    ins = [name for name, _ in parsed.options if name in IN_ACTIONS]
    outs = [name for name, _ in parsed.options if name in OUT_ACTIONS]
    if parsed.has("out"):
        if len(outs) != 1 or ins:
            text = (
                ">> For Persistent Reserve Out one and only one appropriate\n"
                ">> service action must be chosen (e.g. '--register')\n"
            )
            return Answer(CONTRADICTS, "", text)
        notes = ""
        if outs[0] in ("reserve", "preempt", "preempt-abort") and not parsed.has("prout-type"):
            notes = "warning>>> --prout-type probably needs to be given\n"
        return Asked(parsed, outs[0], device, notes)
    if outs:
        text = (
            ">> When a service action for Persistent Reserve Out is chosen the\n"
            ">> '--out' option must be given (as a safeguard)\n"
        )
        return Answer(CONTRADICTS, "", text)
    if len(ins) > 1:
        return Answer(CONTRADICTS, "", f"Too many service actions given; choose one only\n{USAGE}")
    notes = ""
    if not ins:
        notes = ">> No service action given; assume Persistent Reserve In command\n>> with Read Keys service action\n"
    return Asked(parsed, ins[0] if ins else "read-keys", device, notes)


def _is_hex(text: str) -> bool:
    try:
        int(text, 16)
    except ValueError:
        return False
    return True


def refusal(asked: Asked, refused: RefusedError) -> Answer:
    """How a target's refusal is told."""
    status, words, last = SAID[refused.kind]
    lines = []
    if refused.kind == ATTENTION:
        lines = [
            f"Persistent reservation {'out' if asked.is_out else 'in'}:",
            "Fixed format, current; Sense key: Unit Attention",
            f"Additional sense: {refused.sense}",
        ]
    lines += [f"{asked.command}: {words}", f"sg_persist failed: {last}"]
    return Answer(status, "", "".join(f"{line}\n" for line in lines))


def is_no_disk(asked: Asked) -> Answer:
    """A file that takes no SCSI commands."""
    what = ERRORS[ENOTTY]
    if asked.with_inquiry:
        said = f"sg_persist: SCSI INQUIRY failed on {asked.device}\n"
        return Answer(ERRNO + ENOTTY, said, f"inquiry: pass-through os error: {what}\n")
    direction = "out" if asked.is_out else "in"
    text = (
        f"Persistent reservation {direction}: pass-through os error: {what}\n"
        f"{asked.command}: {what}\nsg_persist failed: {what}\n"
    )
    return Answer(ERRNO + ENOTTY, "", text)


def cannot_open(asked: Asked, number: int, *, read_only: bool) -> Answer:
    """A file that is not there, or a path that is down."""
    if asked.with_inquiry:
        text = f"sg_persist: error opening file (ro): {asked.device}: {ERRORS[number]}\n"
    else:
        mode = "ro" if read_only else "rw"
        text = f"sg_persist: error opening file {asked.device} ({mode}): {ERRORS[number]}\n"
    return Answer(ERRNO + number, "", text)
