"""What the sender remembers from one process to the next: back-off, refusals, what was passed over and pushed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import Factory, asdict, define, fields

from opensvc_collector_client.private_files import write_private

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST_PAUSE: Final = 10.0
"""Seconds of the first back-off; each further failure doubles it."""
LONGEST_PAUSE: Final = 600.0
"""Seconds of the longest: the job of ten minutes finds it over."""


@define
class Pause:
    """Until when nothing is tried.

    Attributes:
        failures: in a row.
        began: when the last one was, by the wall clock.
        seconds: how long to wait from there.
        monotonic: when it was, by the clock of the boot.
        boot: which boot that was, empty where the system does not say.
    """

    failures: int = 0
    began: float = 0.0
    seconds: float = 0.0
    monotonic: float = 0.0
    boot: str = ""

    def left(self, now: float, monotonic: float, boot: str) -> float:
        """Seconds that are still to be waited, 0 for none.

        Within a boot the clock that never steps counts. Beyond, the wall clock: where it says that the failure is
        still to come, it was put back, and nothing is waited.
        """
        if not self.failures:
            return 0.0
        passed = monotonic - self.monotonic if boot and boot == self.boot else now - self.began
        return 0.0 if passed < 0 else max(0.0, self.seconds - passed)

    def fail(self, now: float, monotonic: float, boot: str, chance: Callable[[], float]) -> None:
        """One more failure: wait about twice as long, but not all nodes at the same moment.

        Args:
            now: by the wall clock.
            monotonic: by the clock of the boot.
            boot: which boot it is.
            chance: a number from 0 to 1.
        """
        self.failures += 1
        whole = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.failures - 1, 30))
        self.seconds = whole * (0.5 + 0.5 * chance())
        self.began, self.monotonic, self.boot = now, monotonic, boot

    def end(self) -> None:
        """It works again."""
        self.failures, self.seconds = 0, 0.0


@define
class Refusals:
    """How often the record that is due was refused.

    Attributes:
        seq: of the change.
        count: times.
        since: of the first, seconds since the epoch.
    """

    seq: int = 0
    count: int = 0
    since: float = 0.0


@define
class State:
    """All of it.

    Attributes:
        pause: the back-off.
        refusals: of the record that is due.
        last_try: seconds since the epoch.
        last_success: of the last call that was answered well; 0 for never.
        error: why the last try failed, empty if it did not.
        error_code: of that error.
        journal_id: that the numbers here are of.
        blocked: kinds of change that wait for a collector which has their methods.
        ahead: by kind, changes that were taken before their turn, when another was found to be poison.
        missing: methods that the collector lacks, and how many records were passed over for each.
        dropped_poison: records that were set aside and then dropped as there were too many.
        refused_files: by name of service, the digest of the file that the collector does not take.
        pushed: when each part was last sent.
    """

    pause: Pause = Factory(Pause)
    refusals: Refusals = Factory(Refusals)
    last_try: float = 0.0
    last_success: float = 0.0
    error: str = ""
    error_code: str = ""
    journal_id: str = ""
    blocked: list[str] = Factory(list)
    ahead: dict[str, list[int]] = Factory(dict)
    missing: dict[str, int] = Factory(dict)
    dropped_poison: int = 0
    refused_files: dict[str, str] = Factory(dict)
    pushed: dict[str, float] = Factory(dict)

    @classmethod
    def read(cls, path: Path) -> Self:
        """What a file says; a new one where it says nothing that can be read, as nothing in it is more than a help."""
        try:
            document = json.loads(path.read_bytes())
            document["pause"] = Pause(**document["pause"])
            document["refusals"] = Refusals(**document["refusals"])
            known = {each.name: each for each in fields(cls)}
            state = cls(**{name: value for name, value in document.items() if name in known})
            return state if _is_sound(state) else cls()
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def write(self, path: Path) -> None:
        """Keep it. Raises OSError."""
        write_private(path, json.dumps(asdict(self)))


def _is_sound(state: State) -> bool:
    """Whether each value is of the kind of its default."""

    def alike(value: Any, default: Any) -> bool:
        if isinstance(default, float):
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        return isinstance(value, type(default))

    pairs = ((state, State()), (state.pause, Pause()), (state.refusals, Refusals()))
    return all(
        alike(getattr(given, each.name), getattr(default, each.name))
        for given, default in pairs
        for each in fields(type(default))
    )
