"""`osvc node` as an operator types it, on a system that lies in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opensvc_core.cluster.cards import Card, card_document
from opensvc_core.cluster.host_mode import HostMode
from tests.opensvc_core.cli.conftest import NodeFolder
from tests.opensvc_core.cli.test_documents import check
from tests.opensvc_core.cluster.key_samples import key


@pytest.fixture
def installed(node: NodeFolder) -> NodeFolder:
    """A node whose system is a folder, installed."""
    system = node.root / "system"
    for name in ("etc/cron.d", "root"):
        (system / name).mkdir(parents=True)
    (node.root / "etc").mkdir()
    keys = system / "root/.ssh/authorized_keys"
    (node.root / "etc/node.conf").write_text(f"[node]\nsystem_root = {system}\n[peer]\nauthorized_keys = {keys}\n")
    node.root.chmod(0o755)
    planned = node.call("node", "install", "--dry-run")
    assert (planned.returncode, list((system / "etc/cron.d").iterdir())) == (0, [])
    done = node.call("node", "install")
    assert done.returncode == 0, done.stderr
    assert planned.stdout == "".join(f"would {line}\n" for line in done.stdout.splitlines())
    assert node.call("node", "install").stdout == "nothing to do\n"
    return node


def _card(folder: Path, number: int, mode: HostMode = HostMode.PRD) -> str:
    card = Card(f"node{number}", mode, key(number), (key(100 + number),), ("10.0.0.1",))
    path = folder / f"{card.node}.card"
    check("node-card", card_document(card))
    path.write_text(json.dumps(card_document(card)))
    return str(path)


def test_a_node_is_installed_checked_and_uninstalled(installed: NodeFolder) -> None:
    system = installed.root / "system"
    found = json.loads(installed.call("node", "check", "--format", "json").stdout)
    check("node-check", found)
    assert found["safe"]
    assert "host_mode_unset" in {each["code"] for each in found["findings"]}
    assert installed.call("node", "host-mode").stderr.startswith("the host mode of node109 is not set")
    assert installed.call("node", "host-mode", "DEV").stdout == "DEV\n"
    assert "host mode" not in installed.call("node", "check").stdout
    (installed.root / "etc/ssh/id_ed25519").chmod(0o644)
    assert installed.call("node", "check").returncode == 1
    assert installed.call("node", "install").stdout == f"chmod 600 {installed.root}/etc/ssh/id_ed25519\n"
    removed = json.loads(installed.call("node", "uninstall", "--format", "json").stdout)
    check("node-install", removed)
    assert f"remove {system}/etc/cron.d/opensvc" in removed["changes"]
    assert not (system / "etc/cron.d/opensvc").exists()
    assert (installed.root / "etc/ssh/id_ed25519").exists()


def test_cards_are_taken_and_trust_is_removed(installed: NodeFolder) -> None:
    assert installed.call("node", "host-mode", "PRD").returncode == 0
    keys = installed.root / "system/root/.ssh/authorized_keys"
    words = ["--card", _card(installed.root, 2), "--card", _card(installed.root, 3, HostMode.DEV)]
    done = json.loads(installed.call("node", "trust", *words, "--format", "json").stdout)
    check("node-trust", done)
    assert [(each["node"], each["pinned"], each["authorised"]) for each in done["trust"]] == [
        ("node2", True, True),
        ("node3", True, False),
    ]
    assert "opensvc:node2" in keys.read_text()
    assert "opensvc:node3" not in keys.read_text()
    (installed.root / "bad.card").write_text("{}")
    refused = installed.call("node", "trust", "--card", f"{installed.root}/bad.card")
    assert (refused.returncode, "not the card" in refused.stderr) == (1, True)
    assert installed.call("node", "trust", "--remove", "node2", "--format", "plain").stdout.startswith("node2\t")
    assert keys.read_text() == ""
    refused = installed.call("peer", "--from", "node2", SSH_ORIGINAL_COMMAND="osvc peer")
    assert (refused.returncode, refused.stdout) == (126, "")
    assert "not let node2 in any more" in refused.stderr


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--remove"],
        ["--check", "--remove", "n1"],
        ["n1", "--card", "x"],
        ["a b"],
        ["n1", "n2", "--fingerprint", "x"],
    ],
)
def test_words_that_do_not_go_together_are_an_error_of_usage(words: list[str], node: NodeFolder) -> None:
    assert node.call("node", "trust", *words).returncode == 2


def test_the_gate_for_guests_is_a_script(node: NodeFolder) -> None:
    assert node.call("node", "guest-gate", "--scripts", "/srv/init.d/").stdout.startswith("#!/bin/sh\n")
    assert node.call("node", "guest-gate", "--scripts", "/srv/$x").returncode == 2
