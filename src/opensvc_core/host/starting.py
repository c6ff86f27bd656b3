"""How plumbum starts a command here: with the environment that it is given, and no more of plumbum than that takes."""

from __future__ import annotations

import platform
import sys
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOR_URLS = "urllib.request"
"""All of HTTP and TLS: plumbum imports it to tell paths as URLs, which nobody does here; it takes 15 ms."""


@cache
def plumbum_command() -> Callable[[str], Any]:
    """A plumbum command class whose environment is only what it is given: plumbum's own is a copy of the agent's.

    Imported when the first command runs, as it takes 30 ms.
    """
    with put_off(FOR_URLS), unasked_processor():
        from plumbum.machines.local import LocalCommand, LocalMachine

    class CleanMachine(LocalMachine):
        __slots__ = ()
        env: Any = {}  # noqa: RUF012 (plumbum's name for it; never written)

    class CleanCommand(LocalCommand):
        __slots__ = ()

        @property
        def machine(self) -> LocalMachine:
            return machine

    machine = CleanMachine()
    return CleanCommand


@contextmanager
def put_off(name: str) -> Iterator[None]:
    """Have what is imported in the block get a module that is itself imported when something of it is asked for.

    A ``LazyLoader`` of importlib would load it at once: Python 3.11 asks what is imported for its ``__spec__``.

    Args:
        name: of a module in a package. Nothing happens if it was imported before.
    """
    if name in sys.modules:
        yield
        return
    package, _, short = name.rpartition(".")
    later = sys.modules[name] = _Later(name)
    setattr(import_module(package), short, later)
    try:
        yield
    finally:
        later.make_way()


@contextmanager
def unasked_processor() -> Iterator[None]:
    """Have ``platform.uname`` not look for the processor's name in the block.

    plumbum wants the name of the system, the first of its fields; Python 3.11 then finds out all of them, the last one
    with a command, ``uname -p``, which knows no time limit.
    """
    known = vars(platform.uname())
    if "processor" in known:
        yield
        return
    known["processor"] = ""
    try:
        yield
    finally:
        del known["processor"]


class _Later(ModuleType):
    """Stands for a module, also for another thread that imports it meanwhile."""

    def make_way(self) -> None:
        """Let the next import of that name find the module itself."""
        package, _, short = self.__name__.rpartition(".")
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        if vars(sys.modules[package]).get(short) is self:
            delattr(sys.modules[package], short)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.make_way()
        return getattr(import_module(self.__name__), name)
