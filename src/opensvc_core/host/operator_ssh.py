"""One command on another node by the operator's own ssh: their agent, password and questions, their ``known_hosts``.

Used once, to exchange cards: from then on nodes use their own keys (``cluster``). ssh talks to the operator's terminal
itself, which is why it runs in the operator's session and environment, unlike every other command.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from opensvc_core.cluster.cards import scanned_keys
from opensvc_core.cluster.keys import TrustError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXCHANGE_LIMIT = 300.0
"""Seconds, an operator's typing of a password included."""
SCAN_LIMIT = 20.0
CONNECT_LIMIT = 10


def exchange(node: str, command: str, sent: str, *, options: Sequence[str] = (), fingerprint: str = "") -> str:
    """Run a command as root on a node and give back what it prints.

    Args:
        node: name of the node, checked.
        command: for the login shell there, made of checked words.
        sent: for its standard input.
        options: ``-o`` options for ssh, as ``Port=2222``.
        fingerprint: ``SHA256:…`` of the host key that must answer; without it ssh asks, or knows the host already.

    Raises:
        TrustError: ``trust_exchange``: ssh is missing, failed, or another host answers.
    """
    with tempfile.TemporaryDirectory(prefix="osvc-trust-") as folder:
        pinned: list[str] = []
        if fingerprint:
            file = Path(folder) / "known_hosts"
            file.write_text(_pinned_line(node, fingerprint), encoding="ascii")
            pinned = [f"UserKnownHostsFile={file}", "GlobalKnownHostsFile=/dev/null", "StrictHostKeyChecking=yes"]
            pinned.append(f"HostKeyAlias={node}")
        # What the operator says comes first: ssh takes the first value of an option.
        words = [*pinned, *options, f"ConnectTimeout={CONNECT_LIMIT}", "ForwardAgent=no", "ForwardX11=no"]
        argv = ["ssh", "-T", *(word for each in words for word in ("-o", each)), "-l", "root", "--", node, command]
        try:
            done = subprocess.run(
                argv,
                input=sent,
                stdout=subprocess.PIPE,
                text=True,
                errors="replace",
                timeout=EXCHANGE_LIMIT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(node, str(error)) from error
    if done.returncode != 0:
        reason = "ssh failed" if done.returncode == 255 else f"its osvc ended with status {done.returncode}"
        raise _failed(node, f"{reason}; what it said stands above")
    return done.stdout


def _pinned_line(node: str, fingerprint: str) -> str:
    try:
        done = subprocess.run(
            ["ssh-keyscan", "-T", "5", "--", node], capture_output=True, text=True, timeout=SCAN_LIMIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(node, str(error)) from error
    keys = scanned_keys(done.stdout)
    wanted = [key for key in keys if key.fingerprint == fingerprint]
    if not wanted:
        shown = ", ".join(key.fingerprint for key in keys) or "no key at all"
        raise TrustError(
            f"{node} does not show the host key {fingerprint}: it shows {shown}",
            code="host_key_changed",
            hint=f"read it off the console of {node}: ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub",
        )
    return f"{node} {wanted[0]}\n"


def _failed(node: str, reason: str) -> TrustError:
    return TrustError(
        f"{node} gave no card: {reason}",
        code="trust_exchange",
        hint=f"`osvc node install` there first; or carry cards: `osvc node card >{node}.card` there, "
        f"`osvc node trust --card {node}.card` here",
    )
