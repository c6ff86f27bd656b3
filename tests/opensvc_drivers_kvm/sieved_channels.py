"""Channels of a migration without ssh: the destination's sieve stands between `virsh` and libvirt's socket."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import Factory, define

from opensvc_core.api import ActionError, Channel, Context, Resource, Stream, guest_name
from opensvc_core.host.relay import carry
from opensvc_drivers_kvm.rpc_sieve import MigrationSieve


@define
class SievedChannels:
    """See ``context.Channels``.

    Attributes:
        libvirt: socket of the destination's.
        is_open: whether streams get through; cut by setting it to False.
        refused: what the sieve let nothing of.
    """

    libvirt: Path
    is_open: bool = True
    refused: list[str] = Factory(list)

    @contextmanager
    def open(
        self, resource: Resource, peer: str, streams: Sequence[Stream], seconds: float, context: Context
    ) -> Iterator[Channel]:
        """The guest's memory needs no relay: both QEMUs are of this machine, and find each other by its path."""
        folder = Path(tempfile.mkdtemp(prefix="channel"))
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(folder / "control"))
        listener.listen(1)
        thread = threading.Thread(target=self._relay, args=(listener, guest_name(resource)), daemon=True)
        thread.start()
        try:
            yield Channel(folder)
        finally:
            self.is_open = False
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as last:
                last.connect(str(folder / "control"))
            thread.join(10)
            listener.close()
            shutil.rmtree(folder)

    def _relay(self, listener: socket.socket, guest: str) -> None:
        connection, _ = listener.accept()
        listener.close()
        sieve = MigrationSieve(guest)
        with connection:
            try:
                carry(connection.fileno(), connection.fileno(), self.libvirt, sieve.let_through, lambda: self.is_open)
            except (ActionError, OSError) as error:
                self.refused.append(str(error))
