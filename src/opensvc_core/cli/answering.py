"""Answers a peer: lets through what the gate allows, and writes down what comes."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opensvc_core.cli.environment import here, open_here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opensvc_core.actions.agent import Agent
    from opensvc_core.clock import Cancel
    from opensvc_core.cluster.gate import Asked, ReceiveAsked
    from opensvc_core.cluster.peer_log import PeerLog

LONGEST_TRANSFER = 86400.0
"""Seconds that an rsync has whose ticket names no others."""
REFUSED = 126
"""Exit status of what the gate does not let through."""


def answer_peer(origin: str) -> int:
    """Do what sshd was asked for, if the gate lets it through, and give back the exit status.

    Args:
        origin: name of the peer whose key opened the connection.
    """
    from opensvc_core.clock import SystemClock
    from opensvc_core.cluster.gate import GateRefused, read_command
    from opensvc_core.cluster.peer_log import PeerLog
    from opensvc_core.cluster.withdrawn import is_withdrawn
    from opensvc_core.config.names import is_node_name
    from opensvc_core.errors import OpenSVCError
    from opensvc_core.node import DEFAULT_ROOT, Folders

    environment = here()
    address = " ".join((environment.ssh_connection or "").split()[:2])
    folders = Folders(environment.root or DEFAULT_ROOT)
    log = PeerLog(folders.peer_log, SystemClock(), origin[:80], address, os.getpid())
    try:
        if not is_node_name(origin):
            raise GateRefused("--from names no node")
        if is_withdrawn(folders, origin):
            raise GateRefused(f"this node does not let {origin} in any more")
        return _let_through(origin, log, read_command(environment.asked_of_ssh))
    except OpenSVCError as error:
        log.record("refused", command=environment.asked_of_ssh, outcome=error.code, text=error.message)
        sys.stderr.write(f"osvc peer: refused: {error.message}\n")
        return REFUSED


def _let_through(peer: str, log: PeerLog, asked: Asked) -> int:
    from opensvc_core.cluster.gate import ReceiveAsked, SessionAsked

    agent = open_here()
    if isinstance(asked, SessionAsked):
        return _serve(agent, peer, log)
    if isinstance(asked, ReceiveAsked):
        return _pass_rsync(agent, peer, log, asked)
    return _carry_stream(agent, peer, log, asked.ticket)


def _serve(agent: Agent, peer: str, log: PeerLog) -> int:
    from opensvc_core.actions.peering.serve import serve_peer
    from opensvc_core.cli.signals import cancelling
    from opensvc_core.clock import Cancel

    agent.user, agent.argv = f"{agent.user} for {peer}", ("osvc", "peer", "--from", peer)
    # What drivers print must not get among the answers.
    sink = os.dup(1)
    os.dup2(2, 1)
    ending = Cancel()
    log.record("begin")
    with cancelling(ending, lambda _: None):
        reason = serve_peer(agent, peer, log.record, ending, sink=sink)
    # ssh hands on what is said here, and who asked has it in its error.
    sys.stderr.write(f"osvc peer: the session is over: {reason}\n")
    log.record("end", text=reason)
    return 0


def _pass_rsync(agent: Agent, peer: str, log: PeerLog, asked: ReceiveAsked) -> int:
    """Be the other end of a peer's rsync: the words that are allowed, and the place that the ticket names."""
    from opensvc_core.actions.transferring import transferring
    from opensvc_core.cli.signals import cancelling
    from opensvc_core.clock import Cancel
    from opensvc_core.cluster import tickets
    from opensvc_core.cluster.rsync_words import server_argv
    from opensvc_core.host import Command
    from opensvc_core.host.local import LocalHost

    folders, environment = agent.node.folders, here()
    facts = tickets.redeem(folders, peer, asked.ticket, "receive")
    paths = [str(path) for path in facts["paths"]]
    argv = server_argv(asked.words, paths, is_sender=facts["is_sender"] is True)
    about = {"service": facts.get("service", ""), "rid": facts.get("rid", "")}
    log.record("receive", about=about, command=" ".join(argv))
    host = LocalHost(agent.node.name, environment.command_path, os_name=agent.node.os_name, clock=agent.clock)
    cancel = Cancel()
    with (
        transferring(folders, str(about["service"])),
        cancelling(cancel, lambda _: None),
        _ended_by_withdrawal(agent, peer, cancel),
    ):
        status = host.pass_through(Command(argv, timeout=float(facts.get("seconds", LONGEST_TRANSFER))), cancel)
    log.record("end", about=about, text=f"rsync ended with {status}")
    return status if status >= 0 else 128 - status


@contextmanager
def _ended_by_withdrawal(agent: Agent, peer: str, cancel: Cancel) -> Iterator[None]:
    """Cancel what is done meanwhile if trust in the peer is taken back: what it writes here must end then."""
    from opensvc_core.cluster.lines import BEAT
    from opensvc_core.cluster.withdrawn import is_withdrawn

    is_over = threading.Event()

    def watch() -> None:
        while not agent.clock.wait(is_over, BEAT):
            if is_withdrawn(agent.node.folders, peer):
                cancel.set(f"{peer} is not let in any more")
                return

    threading.Thread(target=watch, name=f"watch {peer}", daemon=True).start()
    try:
        yield
    finally:
        is_over.set()


def _carry_stream(agent: Agent, peer: str, log: PeerLog, ticket: str) -> int:
    """Carry one stream of a migration's channel, for the one guest that the ticket names."""
    from opensvc_core.actions.peering.channels import serve

    about = serve(agent, peer, ticket, lambda about: log.record("channel", about=about))
    log.record("end", about=about, text="the channel is closed")
    return 0
