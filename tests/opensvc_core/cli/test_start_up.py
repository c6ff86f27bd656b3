"""What `osvc` imports before it does anything: a list of names, so that a heavy newcomer is seen at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOW = """
import sys
before = set(sys.modules)
from opensvc_core.cli import run
status = run(sys.argv[1:])
names = sorted({name for name in sys.modules if name not in before})
import json
print(json.dumps([status, names]), file=sys.stderr)
"""

HEAVY = {
    "asyncio", "attr", "attrs", "click", "concurrent", "configupdater", "email", "http", "icmplib",
    "importlib.metadata", "json", "logging", "markdown_it", "multiprocessing", "pluggy", "plumbum", "pydantic",
    "pygments", "rich", "socket", "sqlite3", "ssl", "stevedore", "subprocess", "tomllib", "typer", "typing",
    "unittest", "urllib", "xml",
}  # fmt: skip
"""What costs milliseconds to import, and what the whole standard library hangs on."""


def imported(*words: str, root: Path, **env: str) -> tuple[int, set[str]]:
    """Exit status of a command line, and the modules that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW, *words],
        env={**os.environ, "OSVC_ROOT": str(root), "OSVC_NODE": "node109", **env},
        input="",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    status, names = json.loads(done.stderr.splitlines()[-1])
    return status, set(names)


def heavy(names: set[str]) -> set[str]:
    """Those of ``HEAVY`` that are among them, or a part of one is."""
    return {word for word in HEAVY if any(name == word or name.startswith(f"{word}.") for name in names)}


def test_help_imports_a_table_and_nothing_else(tmp_path: Path) -> None:
    status, names = imported("--help", root=tmp_path)
    assert status == 0
    assert {name for name in names if name.startswith("opensvc")} == {
        "opensvc_core",
        "opensvc_core.cli",
        "opensvc_core.cli.output",
        "opensvc_core.cli.verbs",
    }
    assert not heavy(names)


def test_help_of_a_verb_imports_the_parser_and_its_options(tmp_path: Path) -> None:
    status, names = imported("status", "--help", root=tmp_path)
    assert status == 0
    assert not heavy(names) & {"rich", "plumbum", "stevedore", "sqlite3", "pydantic", "pluggy", "attrs", "click"}


STATUS_MAY_IMPORT = {
    "annotated_doc", "attr", "attrs", "opensvc_collector_client", "opensvc_core", "opensvc_drivers_kvm", "pluggy",
    "plumbum", "shellingham", "stevedore", "typer", "typing_extensions",
}  # fmt: skip
"""Packages, beside the standard library, that a status in JSON may import: a service's drivers, what loads them, and
who is told of a state that became another."""

CLIENT = "opensvc_collector_client"
CLIENT_SEES = {"observer", "private_files", "settings", "state", "transport", "transport.address"}
"""Modules of the collector's client that see an event; none of them sends anything."""

STATUS_NEVER_NEEDS = {
    "opensvc_core.actions.create", "opensvc_core.actions.execute", "opensvc_core.actions.perform",
    "opensvc_core.actions.look", "opensvc_core.actions.preview", "opensvc_core.actions.recover",
    "opensvc_core.cli.acting", "opensvc_core.cli.failure", "opensvc_core.cli.legacy", "opensvc_core.cli.render",
    "opensvc_core.cluster.session", "opensvc_core.cluster.ssh", "opensvc_core.cluster.ssh_peers", "opensvc_core.lock",
    "opensvc_core.standing",
}  # fmt: skip
"""Our own modules that act, draw or tell errors."""


@pytest.mark.parametrize("words", [["status", "vm188", "--format", "json"], ["mon", "--format", "plain"]])
def test_status_imports_what_asks_and_nothing_that_acts_or_draws(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "etc/ssh").mkdir(parents=True)
    # A node that trusts others: a service that is on this one only asks none of them.
    for file in ("id_ed25519", "known_hosts"):
        (tmp_path / "etc/ssh" / file).touch()
    text = "[default]\nservice_type = DEV\nnodes = node109\nmode = kvm\n[ip#1]\nipname = 127.0.0.9\nipdev = lan0\n"
    (tmp_path / "etc" / "vm188.env").write_text(text)
    status, names = imported(*words, root=tmp_path)
    assert status == 0
    packages = {name.partition(".")[0] for name in names}
    assert packages - sys.stdlib_module_names - STATUS_MAY_IMPORT == set()
    assert not names & STATUS_NEVER_NEEDS
    assert not {name for name in names if name.startswith(f"{CLIENT}.")} - {f"{CLIENT}.{each}" for each in CLIENT_SEES}
    assert not heavy(names) & {"asyncio", "multiprocessing", "unittest"}


@pytest.mark.parametrize(
    "words",
    [
        ["inventory", "--format", "json"],
        ["node", "facts", "--format", "plain"],
        ["node", "checks", "--format", "plain"],
    ],
)
def test_an_inventory_imports_what_asks_and_nothing_that_acts_or_draws(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "vm188.env").write_text("[default]\nservice_type = DEV\nnodes = node109\nmode = kvm\n")
    status, names = imported(*words, root=tmp_path)
    assert status == 0
    packages = {name.partition(".")[0] for name in names}
    # `osvc node` shows what other distributions add to it.
    may_import = STATUS_MAY_IMPORT | ({"opensvc_lvm"} if words[0] == "node" else set())
    assert packages - sys.stdlib_module_names - may_import == set()
    assert not names & STATUS_NEVER_NEEDS
    # Each platform's reader is its own.
    assert not {name for name in names if name.startswith("opensvc_core.inventory.") and "hpux" in name}
    assert not heavy(names) & {"asyncio", "multiprocessing", "unittest", "rich"}


def test_a_session_of_a_peer_imports_neither_the_parser_nor_what_draws(tmp_path: Path) -> None:
    status, names = imported("peer", "--from", "node2", root=tmp_path, SSH_ORIGINAL_COMMAND="osvc peer")
    assert status == 0
    assert "opensvc_core.actions.peering.serve" in names
    assert not {name.partition(".")[0] for name in names} & {"asyncio", "click", "rich", "typer", "unittest"}
    assert not {"opensvc_core.cli.commands", "opensvc_core.cli.render", "opensvc_core.cli.acting"} & names


def test_a_status_table_draws_with_rich_and_imports_nothing_else_besides(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "vm188.env").write_text("[default]\nservice_type = DEV\nnodes = node109\n")
    status, names = imported("status", root=tmp_path)
    assert status == 0
    assert "rich.tree" in names
    assert not heavy(names) & {"asyncio", "pygments", "markdown_it", "pydantic"}


def test_the_list_of_heavy_modules_would_catch_one() -> None:
    assert heavy({"rich.console", "opensvc_core"}) == {"rich"}
