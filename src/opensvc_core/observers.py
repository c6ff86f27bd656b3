"""Installed observers: loaded at the first event, each for itself; one that fails is shown, and changes nothing."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from attrs import define, field, frozen

from opensvc_core.dispatcher import Plugins
from opensvc_core.errors import OpenSVCError
from opensvc_core.events import EventKind
from opensvc_core.hookspecs import ObserverHooks
from opensvc_core.state_files import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.actions.agent import Agent
    from opensvc_core.events import Event
    from opensvc_core.node import Folders

SLOW = 1.0
"""Seconds after which an observer that had an event counts as one that fails: the action waits for it meanwhile."""


@frozen
class Failure:
    """How an observer failed last.

    Attributes:
        at: seconds since the epoch.
        text: one line.
    """

    at: float
    text: str


@define
class Observers(Plugins):
    """The observers of the entry points ``opensvc.observers``.

    Attributes:
        agent: whose events they see.
    """

    agent: Agent = field(kw_only=True)
    _failed: set[str] = field(factory=set, init=False)
    _greeted: set[str] = field(factory=set, init=False)
    _turn: threading.RLock = field(factory=threading.RLock, init=False)

    SPECIFICATIONS: ClassVar[tuple[type, ...]] = (ObserverHooks,)
    REQUIRED: ClassVar[tuple[str, ...]] = ("observe",)
    KIND: ClassVar[str] = "observer"

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are installed."""
        return self.registry.names

    def observe(self, event: Event) -> None:
        """Tell all of them of an event, one event at a time. Raises nothing."""
        with self._turn:
            for name in self.names:
                self._tell(name, event)

    def _tell(self, name: str, event: Event) -> None:
        clock = self.agent.clock
        began = clock.monotonic()
        try:
            if name not in self._greeted:
                self._greeted.add(name)
                self.hook("attach", name)(agent=self.agent)
            self.hook("observe", name)(event=event)
        except OpenSVCError as error:
            self._fail(name, error.message)
        except Exception as error:  # noqa: BLE001 - a third party may raise anything
            self._fail(name, f"{event.kind.value}: {type(error).__name__}: {error}")
        else:
            took = clock.monotonic() - began
            if took > SLOW:
                self._fail(name, f"{event.kind.value}: it took {took:.1f} s, and an action waited for it")
            elif event.kind is EventKind.RUN_END and name not in self._failed:
                forget_failure(self.agent.node.folders, name)

    def _fail(self, name: str, text: str) -> None:
        """Keep how it failed first in this process: what follows is of the same cause as a rule."""
        if name in self._failed:
            return
        self._failed.add(name)
        with suppress(OSError):
            write_json(_file(self.agent.node.folders, name), {"at": self.agent.clock.now(), "text": text})


def _file(folders: Folders, name: str) -> Path:
    return folders.var / "observers" / f"{name.replace('/', '_')}.json"


def last_failure(folders: Folders, name: str) -> Failure | None:
    """How an observer failed, if it did in the last run that it was to see."""
    try:
        document = json.loads(_file(folders, name).read_bytes())
        return Failure(float(document["at"]), str(document["text"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget_failure(folders: Folders, name: str) -> None:
    """It saw a whole run, and did not fail."""
    with suppress(OSError):
        _file(folders, name).unlink(missing_ok=True)
