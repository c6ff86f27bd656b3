"""What tells a guest that it boots on a disaster-recovery node (agent: an extra disk, or ``<rootfs>/.drp_flag``)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from opensvc_core.model import Severity
from opensvc_core.state_files import CLOSED_ON_EXEC, NO_LINK, make_folder

if TYPE_CHECKING:
    from opensvc_core.context import Context
    from opensvc_core.model import Resource

NAME = ".drp_flag"
"""In the root folder of the guest."""
DISK = "drp_flag.vdisk"
"""Below ``var/``: the disk of all guests of the node that boot there, empty and read only."""
DISK_SIZE = 512
"""Bytes: one block, as a disk of none is refused by some."""


def is_recovering(resource: Resource, context: Context) -> bool:
    """Whether this node is a disaster-recovery node, and no production node, of the resource's service."""
    service, here = context.service_of(resource), context.node.name.lower()
    return here in {n.lower() for n in service.drpnodes} and here not in {n.lower() for n in service.nodes}


def flag_root(root: Path, context: Context, *, is_set: bool) -> None:
    """Make the flag in the root folder of a guest that is down, or remove it; what fails is noted, and no more.

    Whatever the guest has made of that name is not followed.
    """
    if context.is_dry_run:
        return
    try:
        folder = os.open(root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | CLOSED_ON_EXEC)
    except OSError as error:
        if is_set:
            _note(f"{root} cannot be opened ({error.strerror})", context)
        return
    try:
        if is_set:
            with suppress(FileExistsError):
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSED_ON_EXEC | NO_LINK
                os.close(os.open(NAME, flags, 0o644, dir_fd=folder))
        else:
            with suppress(FileNotFoundError):
                os.unlink(NAME, dir_fd=folder)
    except OSError as error:
        _note(f"{root / NAME} cannot be {'made' if is_set else 'removed'} ({error.strerror})", context)
    finally:
        os.close(folder)


def flag_disk(context: Context) -> Path:
    """The disk whose presence tells a virtual machine, made if it is not there. Raises OSError."""
    path = context.node.folders.var / DISK
    if not context.is_dry_run and not path.exists():
        make_folder(path.parent)
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSED_ON_EXEC | NO_LINK, 0o644)
            try:
                os.write(descriptor, bytes(DISK_SIZE))
            finally:
                os.close(descriptor)
    return path


def _note(text: str, context: Context) -> None:
    context.note(f"{text}: the guest cannot tell from it where it boots", "recovery_flag", Severity.WARNING)
