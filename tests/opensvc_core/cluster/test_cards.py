"""Cards of nodes: read back as written, and nothing else gets through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.cluster.cards import Card, card_document, host_keys, own_card, parse_card, scanned_keys
from opensvc_core.cluster.host_mode import HostMode, write_host_mode
from opensvc_core.cluster.keys import TrustError, make_own_key
from opensvc_core.host.local import LocalHost
from opensvc_core.node import Folders, Node
from tests.opensvc_core.cluster.key_samples import key

CARD = Card("node2", HostMode.PRD, key(1), (key(2), key(3, "ssh-rsa")), ("10.0.0.2", "fe80::2"))
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists)


@given(st.sampled_from([*HostMode, None]))
def test_a_card_is_read_as_it_was_written(mode: HostMode | None) -> None:
    card = evolve(CARD, host_mode=mode)
    assert parse_card(json.dumps(card_document(card))) == card


@pytest.mark.parametrize(
    "change",
    [
        {"card": 2},
        {"card": True},
        {"more": 1},
        {"node": "a b"},
        {"node": "-oProxyCommand=x"},
        {"node": "node2\nnode3"},
        {"node": "n" * 300},
        {"node": None},
        {"host_mode": "prd"},
        {"host_mode": ["PRD"]},
        {"key": f"{key(1)}\n{key(2)}"},
        {"key": f"{key(1)} comment"},
        {"key": f'command="x" {key(1)}'},
        {"key": None},
        {"host_keys": []},
        {"host_keys": [str(key(1)), str(key(2))]},
        {"host_keys": str(key(1))},
        {"host_keys": [f"{key(1)}\nx"]},
        {"addresses": ["10.0.0.2 node9"]},
        {"addresses": ["localhost"]},
        {"addresses": ["10.0.0.1"] * 17},
        {"addresses": {}},
    ],
)
def test_a_card_with_anything_else_in_it_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(TrustError) as caught:
        parse_card(json.dumps({**card_document(CARD), **change}))
    assert caught.value.code == "card"


@given(st.sampled_from(sorted(card_document(CARD))), JSON)
def test_any_member_of_any_kind_gives_a_card_or_the_error(member: str, value: object) -> None:
    document = {**card_document(CARD), member: value}
    try:
        card = parse_card(json.dumps(document))
    except TrustError:
        return
    assert card_document(card) == document


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000, '"' + "a" * 70_000 + '"'])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(TrustError, match="not the card"):
        parse_card(text)


def test_the_card_of_a_node_tells_its_keys(tmp_path: Path) -> None:
    node = Node("node1", "Linux", Folders(tmp_path / "root"))
    sshd = tmp_path / "ssh"
    sshd.mkdir()
    make_own_key(node.folders, node.name, LocalHost("node1"))
    with pytest.raises(TrustError, match="no host key"):
        own_card(node, host_keys(sshd))
    (sshd / "ssh_host_ed25519_key.pub").write_text(f"{key(7)} root@node1\n")
    (sshd / "ssh_host_dsa_key.pub").write_text("ssh-dss AAAA root@node1\n")
    write_host_mode(node.folders, HostMode.PRD)
    card = own_card(node, host_keys(sshd), ["10.0.0.1"])
    assert (card.node, card.host_mode, card.host_keys, card.addresses) == (
        "node1",
        HostMode.PRD,
        (key(7),),
        ("10.0.0.1",),
    )
    assert parse_card(json.dumps(card_document(card))) == card


def test_the_keys_that_sshd_serves_are_read_from_a_scan() -> None:
    lines = ["# 127.0.0.1:22 SSH-2.0-OpenSSH_9.2", f"127.0.0.1 {key(1)}", f"127.0.0.1 {key(2, 'ssh-rsa')}", "garbage"]
    text = "".join(f"{line}\n" for line in [*lines, "127.0.0.1 x y"])
    assert scanned_keys(text) == (key(1), key(2, "ssh-rsa"))
