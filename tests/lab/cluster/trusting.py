"""Nodes of the lab that know one another's keys, written as `osvc node trust` writes them."""

from __future__ import annotations

import sys
from pathlib import Path

from opensvc_core.cluster.authorized_keys import with_peer
from opensvc_core.cluster.keys import parse_public_key
from opensvc_core.cluster.known_hosts import with_pins
from tests.lab.cluster.cluster import ROOT
from tests.lab.nodes import Node

KEY = f"{ROOT}/etc/ssh/id_ed25519"
KNOWN_HOSTS = f"{ROOT}/etc/ssh/known_hosts"
AUTHORIZED_KEYS = "/root/.ssh/authorized_keys"


def install(node: Node) -> None:
    """Put the agent where a forced command finds it, and make the agent's key."""
    node.write(f"{ROOT}/bin/osvc", f'#!/bin/sh\nexec {sys.executable} -m opensvc_core "$@"\n', mode=0o755)
    node.exec(["mkdir", "-p", "-m", "700", f"{ROOT}/etc/ssh"], check=True)
    node.exec(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", node.name, "-f", KEY], check=True)


def let_in(node: Node, peer: Node) -> None:
    """Have a node let the key of a peer in, and the peer know the host key of the node."""
    key = parse_public_key(peer.read(f"{KEY}.pub"))
    old = node.exec(["cat", AUTHORIZED_KEYS]).stdout.encode()
    node.write(AUTHORIZED_KEYS, with_peer(old, Path(ROOT), peer.name, key).decode(), mode=0o600)
    host_key = parse_public_key(node.exec(["ssh-keygen", "-y", "-f", "/etc/ssh/lab_hostkey"], check=True).stdout)
    pins = peer.exec(["cat", KNOWN_HOSTS]).stdout.encode()
    peer.write(KNOWN_HOSTS, with_pins(pins, node.name, [host_key]).decode(), mode=0o600)
