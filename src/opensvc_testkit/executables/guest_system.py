"""The system inside a simulated guest: its commands run in this machine's ``sh``, on the guest's own folder.

The guest's disk is a folder; ``/svc`` in a command line means the one on that disk, and the disk's place is taken out
of what is printed. Commands that would harm this machine (``poweroff`` and its kin) and those that tell of it (``ip``,
``hostname``) are the guest's own; everything else is what stands on this machine, run as the user who runs the test.
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH103, PTH110
from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.life import Living
    from opensvc_testkit.executables.shapes import Guest
    from opensvc_testkit.executables.store import Store

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MAPPED = ("/svc/",)
"""Folders of a command line that lie on the guest's disk."""
OWN = ("poweroff", "halt", "reboot", "shutdown", "init", "telinit", "ip", "ifconfig", "hostname")
"""Commands that must never be this machine's, with or without their folder; others are the guest's if it has them."""
FOLDERS = ("/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/")
SHELL = "/bin/sh"


class GuestSystem:
    """One boot of a guest, as a place that runs command lines."""

    __slots__ = ("boot", "disk", "guest", "store")

    def __init__(self, store: Store, guest: Guest, living: Living) -> None:
        self.store = store
        self.guest = guest
        self.boot = living["boot"]
        self.disk = disk_of(store.folder, guest["name"])

    def environment(self, variables: list[str]) -> dict[str, str]:
        """Environment of a command, from ``NAME=value`` words; the guest's own commands always come first."""
        found = {"PATH": PATH, "HOME": "/root", "USER": "root", "LOGNAME": "root", "SHELL": SHELL}
        found.update((name, value) for name, _, value in (word.partition("=") for word in variables))
        found["PATH"] = f"{self.disk}/bin:{found['PATH']}"
        found["OSVC_SIMULATED"] = self.store.folder
        found["SIMULATED_GUEST"] = self.guest["name"]
        found["SIMULATED_BOOT"] = self.boot
        return found

    def inward(self, text: str) -> str:
        """A command line with the guest's folders in their place on this machine."""
        out, index = [], 0
        while (slash := text.find("/", index)) >= 0:
            out.append(text[index:slash])
            before = text[slash - 1 : slash]
            place, length = (text[slash], 1) if is_in_word(before) else self._place(text, slash)
            out.append(place)
            index = slash + length
        return "".join(out) + text[index:]

    def _place(self, text: str, at: int) -> tuple[str, int]:
        """Where what begins there lies on this machine, and how much of the text that stands for."""
        for folder in MAPPED:
            if text.startswith(folder, at):
                return f"{self.disk}{folder}", len(folder)
        for folder in FOLDERS:
            if text.startswith(folder, at):
                end = at + len(folder)
                while is_in_word(text[end : end + 1]):
                    end += 1
                name = text[at + len(folder) : end]
                if name in OWN or (name and os.path.exists(f"{self.disk}/bin/{name}")):
                    return f"{self.disk}/bin/{name}", end - at
        return text[at], 1

    def inward_word(self, word: str) -> str:
        """A word of argv likewise; one that sets ``PATH``, as ``env`` takes it, has the guest's own commands first."""
        if word.startswith("PATH="):
            return f"PATH={self.disk}/bin:{word.removeprefix('PATH=')}"
        return self.inward(word)

    def outward(self, text: str) -> str:
        """Output as the guest would print it."""
        return text.replace(f"{self.disk}/", "/").replace(self.disk, "/")

    def spawn(
        self, words: list[str], environment: dict[str, str], streams: tuple[int, int, int], folder: str = "/root"
    ) -> int:
        """Start a process in a session of its own: it outlives the client that asked for it, as in a real guest.

        Args:
            words: argv; the first is a path.
            environment: see ``environment``.
            streams: standard input, output and error.
            folder: where it starts, of the guest.

        Returns:
            Its pid.
        """
        os.makedirs(f"{self.disk}{folder}", exist_ok=True)
        os.chdir(f"{self.disk}{folder}")
        actions = [(os.POSIX_SPAWN_DUP2, handle, number) for number, handle in enumerate(streams)]
        return os.posix_spawn(words[0], words, environment, file_actions=actions, setsid=True)


def find_program(name: str, path: str) -> str | None:
    """Where the program of a command lies, as a shell looks for it; None if it is not found."""
    places = [name] if "/" in name else [f"{folder}/{name}" for folder in path.split(":")]
    return next((place for place in places if os.access(place, os.X_OK)), None)


def is_in_word(char: str) -> bool:
    """Whether a character belongs to a file name: a path does not begin after it, and a name does not end before it."""
    return char.isalnum() or (char != "" and char in "_.-/")


def disk_of(folder: str, guest: str) -> str:
    """Where the disk of a guest lies."""
    return f"{folder}/guests/{guest}"
