"""`osvc collector` and `osvc push` as they are typed, and the words of 2010 for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from opensvc_core.cli.legacy import run_svcmgr
from opensvc_testkit.collector import RecordingCollector
from tests.opensvc_collector_client.node import SERVICE_FILE

pytestmark = pytest.mark.simulated

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "svc.env").write_text(SERVICE_FILE)
    return tmp_path


@pytest.fixture
def call(root: Path) -> Call:
    def run(*words: str, program: str = "osvc") -> subprocess.CompletedProcess[str]:
        script = Path(sys.executable).with_name(program)
        env = {**os.environ, "OSVC_ROOT": str(root), "OSVC_NODE": "node1"}
        return subprocess.run([script, *words], env=env, capture_output=True, text=True, timeout=60, check=False)

    return run


def test_a_node_reports_from_its_first_action_on(root: Path, call: Call) -> None:
    with RecordingCollector.up(root / "collector", needs_auth=True) as collector:
        (root / "etc" / "node.conf").write_text(f"[collector]\nurl = {collector.url}\n")
        refused = call("collector", "flush")
        assert refused.returncode == 1
        assert "not registered" in refused.stderr
        assert "osvc collector register" in refused.stderr
        registered = call("register", program="nodemgr")
        assert registered.returncode == 0
        assert "node1 is registered" in registered.stdout
        assert call("push", "svc").stdout == "sent: svc\n"
        assert call("start", "svc").returncode == 0
        collector.wait_for(lambda: collector.records("status"))  # by a sender of its own
        assert call("--updatedb", program="svcmon").returncode == 0
        told = json.loads(call("collector", "status", "--format", "json").stdout)
        assert (told["state"], told["registered"], told["error"]) == ("ok", True, "")
        assert set(told["pending"].values()) == {0}
        assert "state\tok\n" in call("collector", "status", "--format", "plain").stdout
        assert [each["action"] for each in collector.records("action")] == ["start"]
        assert collector.violations() == ()


def test_without_a_collector_nothing_is_said(root: Path, call: Call) -> None:
    (root / "etc" / "node.conf").write_text("[collector]\nurl = 127.0.0.1\n")
    done = call("collector", "report")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = call("push", "svc")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "not sent: no collector is configured\n")
    assert call("collector", "flush").returncode == 0
    assert call("collector", "test").returncode == 1
    assert not (root / "var" / "collector").exists()


def test_the_link_of_a_service_pushes_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "etc" / "node.conf").write_text("[collector]\nurl =\n")
    (root / "etc" / "svc").symlink_to("../bin/svcmgr")
    monkeypatch.setenv("OSVC_ROOT", "/nowhere")
    assert run_svcmgr(str(root / "etc" / "svc"), ["push"]) == 0
    assert capsys.readouterr().err == "not sent: no collector is configured\n"


def test_what_is_wrong_with_its_settings_is_told_and_keeps_no_action_from_anything(root: Path, call: Call) -> None:
    (root / "etc" / "node.conf").write_text("[collector]\nurl = ftp://x/\n")
    wrong = call("collector", "status")
    assert wrong.returncode == 3
    assert "[collector] url" in wrong.stderr
    assert call("start", "svc").returncode == 0
