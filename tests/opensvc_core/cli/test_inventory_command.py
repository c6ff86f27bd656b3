"""`osvc inventory`, `osvc node facts`, `checks` and `packages` as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from tests.opensvc_core.cli.conftest import NodeFolder
from tests.opensvc_core.cli.test_documents import check

Osvc = Callable[..., CompletedProcess[str]]
COMMANDS = {
    "inventory": ("inventory",),
    "node-facts": ("node", "facts"),
    "node-checks": ("node", "checks"),
    "node-packages": ("node", "packages"),
}


@pytest.mark.parametrize("schema", COMMANDS)
def test_json_keeps_to_its_schema(node: NodeFolder, osvc: Osvc, schema: str) -> None:
    node.add("web", "[default]\nservice_type = DEV\nnodes = node109\n\n[app#0]\n[fs#1]\ndev = tmpfs\nmnt = /\n")
    done = osvc(*COMMANDS[schema], "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    check(schema, document)
    if schema == "inventory":
        resources = {each["rid"]: each for each in document["services"]["web"]["resources"]}
        assert resources["fs#1"]["facts"]["mount"] == "/"
    if schema == "node-checks":
        (root,) = [each for each in document["checks"] if (each["type"], each["instance"]) == ("fs_u", "/")]
        assert (root["service"], root["rid"]) == ("web", "fs#1")
        assert json.loads((node.root / "var/checks.json").read_text())["checks"] == document["checks"]
        refused = osvc("schedule", "--format", "json")
        assert [each["name"] for each in json.loads(refused.stdout)["jobs"] if each["name"] == "checks"] == ["checks"]


def test_tables_and_lines_tell_the_same(osvc: Osvc, node: NodeFolder) -> None:
    node.add("web")
    assert osvc("inventory").stdout.splitlines()[1].split() == ["web", "unknown", "unknown", "0", "-"]
    assert osvc("inventory", "--format", "plain").stdout.split() == ["service", "web", "unknown", "unknown", "-"]
    facts = dict(line.split("\t", 1) for line in osvc("node", "facts", "--format", "plain").stdout.splitlines())
    assert (facts["node"], facts["host_mode"]) == ("node109", "unknown")
    table = osvc("node", "facts").stdout
    assert f"os kernel       {facts['os_kernel']}" in table
    line = next(line for line in osvc("node", "checks", "--format", "plain").stdout.splitlines() if "\t/\t" in line)
    assert line.split("\t")[6:] == ["80", "90", "-"]
    package = osvc("node", "packages", "--format", "plain").stdout.splitlines()[0].split("\t")
    assert package[0] == "package"
    assert package[1] in osvc("node", "packages").stdout


def test_what_is_full_is_no_failure_and_what_is_wrong_is(osvc: Osvc, node: NodeFolder) -> None:
    node.add("web")
    (node.root / "etc/node.conf").write_text("[checks]\nfs_u = off:0\nfs_i = off /=off\n")
    done = osvc("node", "checks", "--format", "plain")
    assert done.returncode == 0
    states = {tuple(line.split("\t")[:2]): line.split("\t")[3] for line in done.stdout.splitlines()}
    assert states["fs_u", "/"] == "error"
    assert ("fs_i", "/") not in states
    (node.root / "etc/bad.env").write_text("[default\n")
    assert osvc("node", "checks").returncode == 3
    assert osvc("inventory").returncode == 3
    check("inventory", json.loads(osvc("inventory", "--format", "json").stdout))
    (node.root / "etc/node.conf").write_text("[node]\n[checks]\nfs_u = full\n")
    done = osvc("node", "checks")
    assert done.returncode == 3
    assert "node.conf:3: [checks] fs_u: 'full' is not WARNING:ERROR" in done.stderr
