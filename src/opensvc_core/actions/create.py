"""A new service: the cookbook's three files, all of them or none."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp

from opensvc_core.config.catalog import LAUNCHER, is_service_linked
from opensvc_core.config.names import refuse_service_name
from opensvc_core.config.reading import SUFFIX
from opensvc_core.config.template import service_template
from opensvc_core.errors import ActionError
from opensvc_core.model import Service
from opensvc_core.node import Node
from opensvc_core.state_files import sync_folder

_FILE_MODE = 0o644
_FOLDER_MODE = 0o755
_TURN_SECONDS = 10.0


def create_service(
    node: Node, name: str, text: str | None, validate: Callable[[str], Service], *, svcmgr: Path | None = None
) -> tuple[Path, ...]:
    """Make ``etc/<name>.env``, ``etc/<name>.d`` and the link ``etc/<name>``; and ``bin/svcmgr`` where it is missing.

    The service file comes last and in one piece: before it is there, there is no service. A link or a folder of
    launchers that stand there already as they should are kept. On a failure all that was made is taken away.

    Args:
        node: the node; its ``folders`` say where.
        name: of the service.
        text: of the service file; by default a commented template.
        validate: reads the text as the service file; called before anything is written.
        svcmgr: the installed command that ``bin/svcmgr`` is linked to; found by itself when not given.

    Returns:
        What was made, the service file first.

    Raises:
        ActionError: the name cannot be used (code ``service_name``), there is such a service (``service_exists``),
            ``etc/`` can be written by others (``unsafe_folder``), or the files cannot be made (``create``).
        ConfigError: from ``validate``.
    """
    if refusal := refuse_service_name(name):
        raise ActionError(refusal, code="service_name", hint="choose another name")
    etc = node.folders.etc
    service_file, launchers, link = etc / f"{name}{SUFFIX}", etc / f"{name}.d", etc / name
    _refuse_existing(service_file, launchers, link)
    if text is None:
        text = service_template(node)
    validate(text)
    made: list[Path] = []
    with ExitStack() as way_back:
        try:
            for folder in (etc, node.folders.bin):
                _make_folder(folder, way_back)
            _refuse_unsafe(etc)
            with _turn(etc):
                _refuse_existing(service_file, launchers, link)
                command = node.folders.bin / "svcmgr"
                if not os.path.lexists(command):
                    _link(command, svcmgr or _installed_svcmgr(), way_back, made)
                if not is_service_linked(etc, name):
                    _link(link, LAUNCHER, way_back, made)
                if not launchers.is_dir():
                    launchers.mkdir(_FOLDER_MODE)
                    way_back.callback(_remove, launchers)
                    made.append(launchers)
                _write(service_file, text, way_back)
                made.insert(0, service_file)
                for folder in {each.parent for each in made}:
                    sync_folder(folder)
        except FileExistsError as error:
            raise _exists(Path(error.filename2 or error.filename)) from None
        except OSError as error:
            raise ActionError(
                f"service {name} cannot be created: {error.strerror or error}: {error.filename or etc}",
                code="create",
                hint="nothing was left behind; it needs the rights of root on the node",
            ) from error
        way_back.pop_all()
    return tuple(made)


def _refuse_existing(service_file: Path, launchers: Path, link: Path) -> None:
    if os.path.lexists(service_file):
        raise _exists(service_file)
    if os.path.lexists(link) and not is_service_linked(link.parent, link.name):
        raise _exists(link)
    if os.path.lexists(launchers) and not launchers.is_dir():
        raise _exists(launchers)


def _exists(path: Path) -> ActionError:
    return ActionError(
        f"{path} is there already", code="service_exists", hint="choose another name, or take that file away first"
    )


def _refuse_unsafe(folder: Path) -> None:
    """What runs as root takes no file from a folder that others can write to."""
    mode = folder.stat().st_mode
    if mode & stat.S_IWOTH:
        raise ActionError(
            f"{folder} can be written by everybody (mode {stat.S_IMODE(mode):o})",
            code="unsafe_folder",
            hint=f"chmod o-w {folder}",
        )


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One creation at a time: none takes for its own, on its way back, what another has come to count on."""
    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        end = time.monotonic() + _TURN_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise ActionError(
                        f"another service is being created in {folder}", code="create", hint="try again"
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def _make_folder(folder: Path, way_back: ExitStack) -> None:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        try:
            each.mkdir(_FOLDER_MODE)
        except FileExistsError:
            # Another creation was quicker; a file in its place fails at the next step.
            continue
        way_back.callback(_remove, each)


def _link(path: Path, target: Path, way_back: ExitStack, made: list[Path]) -> None:
    path.symlink_to(target)
    way_back.callback(_remove, path)
    made.append(path)


def _installed_svcmgr() -> Path:
    """The ``svcmgr`` of this installation: beside the interpreter, else on ``PATH``."""
    beside = Path(sys.executable).with_name("svcmgr")
    found = beside if beside.is_file() else shutil.which("svcmgr")
    if not found:
        raise ActionError(
            "the command svcmgr is not installed, so nothing can be put at bin/svcmgr",
            code="create",
            hint="install opensvc-core with its scripts",
        )
    return Path(found).absolute()


def _write(path: Path, text: str, way_back: ExitStack) -> None:
    """The whole file or none: written under another name, synced, then given its name, which must be free."""
    descriptor, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    with ExitStack() as after:
        after.callback(_remove, temporary)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            os.fchmod(file.fileno(), _FILE_MODE)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            raise
        except OSError:
            # A file system without hard links: look, then rename.
            if os.path.lexists(path):
                raise FileExistsError(None, None, str(path)) from None
            temporary.rename(path)
        way_back.callback(_remove, path)


def _remove(path: Path) -> None:
    """Take away what was made: a file, a link, or a folder that is empty."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()
