"""The source's part in the channel of a migration: asks the destination for it, and closes it with the step."""

from __future__ import annotations

import shlex
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.actions.peering.channels import FOLDER, make_folder
from opensvc_core.channel import Channel, Stream
from opensvc_core.cluster import wire
from opensvc_core.cluster.link import PeerError
from opensvc_core.host.relay import ListeningRelay
from opensvc_core.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.context import Context
    from opensvc_core.model import Resource

ASK_LIMIT = 20.0
"""Seconds for the destination to open its side."""


@frozen
class PeerChannels:
    """See ``context.Channels``."""

    agent: Agent

    @contextmanager
    def open(
        self, resource: Resource, peer: str, streams: Sequence[Stream], seconds: float, context: Context
    ) -> Iterator[Channel]:
        """Ask the destination for tickets, and listen for whoever uses the streams; all of it ends with the block."""
        agent = self.agent
        data = {
            "run": context.run_id,
            "service": resource.id.service,
            "rid": resource.rid,
            "streams": [stream.name for stream in streams],
            "seconds": seconds,
        }
        answer = agent.peers.link(peer).request("channel", data, timeout=ASK_LIMIT)
        place, tickets = wire.reading(
            "a channel",
            answer,
            lambda told: (str(told["folder"]), {s.name: str(told["tickets"][s.name]) for s in streams}),
        )
        if not FOLDER.fullmatch(place):
            raise PeerError(f"{peer} names {place!r} as the folder of a channel", code="peer_garbage")
        shell, address = agent.peers.remote_shell(peer)
        folder = Path(place)
        make_folder(folder)
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)

            def close(name: str, relay: ListeningRelay) -> None:
                if said := relay.close():
                    context.note(f"stream {name} to {peer}: {said.splitlines()[-1]}", "channel", Severity.WARNING)

            for stream in streams:
                words = (*shell, address, shlex.join(("osvc", "peer", "channel", tickets[stream.name])))
                stack.callback(close, stream.name, ListeningRelay(folder / stream.name, words, stream.users))
            yield Channel(folder)
