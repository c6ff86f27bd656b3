"""`osvc demo` as its audience sees it: with a terminal, without one, interrupted, as a shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pexpect
import pyte
import pytest

from opensvc_testkit.demo.service import PLATFORMS, PRINTED

pytestmark = pytest.mark.simulated

OSVC = str(Path(sysconfig.get_path("scripts")) / "osvc")
SECONDS = 300
"""That it ends at all: on a machine that is busy it takes its time."""
ON_A_TERMINAL = "kvm"
"""Played once, on a terminal; the others are played without one."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and another root folder of OpenSVC, which a demo must not touch."""
    (tmp_path / "home").mkdir()
    (tmp_path / "cwd").mkdir()
    (tmp_path / "tmp").mkdir()
    return {
        **os.environ,
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "OSVC_ROOT": str(tmp_path / "opensvc"),
        "TERM": "xterm-256color",
    }


def left_behind(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))


def check_what_the_collector_knows(said: str, platform: str) -> None:
    """The end of the demo: the service, its actions and its disks, as the collector heard of them."""
    known = said.partition("What the collector knows:")[2]
    assert re.search(rf"^vm188 +DEV +{platform} +ERP +node109 +down$", known, re.MULTILINE)
    ended = re.findall(r"^[-0-9]+ [:0-9]+  vm188 +(start|stop) +node109 +(ok|warn|err) ", known, re.MULTILINE)
    assert [(action, status == "err") for action, status in ended] == [
        ("start", False), ("stop", False), ("start", True), ("start", False), ("stop", False),
    ]  # fmt: skip
    assert ("SHARED DISK" in known) is (platform == "hpvm"), "only there the guest's disk is one of the node's"


@pytest.mark.parametrize("platform", [each for each in PLATFORMS if each != ON_A_TERMINAL])
def test_it_plays_to_its_end_without_a_terminal(tmp_path: Path, environment: dict[str, str], platform: str) -> None:
    before = left_behind(tmp_path)
    done = subprocess.run(
        [OSVC, "demo", "--platform", platform],
        cwd=tmp_path / "cwd",
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SIMULATED" in done.stdout.split("\n\n")[0]
    assert "vm188: start done" in done.stdout
    assert re.search(r"vm188: start failed: [13] steps? taken back", done.stdout)
    assert "stop vm188/container#0 (way back): done" in done.stderr
    assert f"mode = {platform}" in done.stdout
    check_what_the_collector_knows(done.stdout, platform)
    assert "\x1b" not in done.stdout + done.stderr
    assert left_behind(tmp_path) == before


def test_by_default_it_plays_the_service_as_the_cookbook_prints_it(tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [OSVC, "demo", "--shell"],
        cwd=tmp_path / "cwd",
        env={**environment, "SHELL": "/bin/sh"},
        input="cat vm188.env; uname -s; hpvmstatus -P vm188 -M; exit 7\n",
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 7, done.stdout + done.stderr
    assert PRINTED in done.stdout
    assert "\nHP-UX\nvm188:" in done.stdout, "uname, and no garbage before what HPVM says"


def test_it_shows_the_steps_on_a_terminal(tmp_path: Path, environment: dict[str, str]) -> None:
    before = left_behind(tmp_path)
    screen = pyte.Screen(80, 400)
    stream = pyte.Stream(screen)
    child = pexpect.spawn(
        OSVC,
        ["demo", "--platform", ON_A_TERMINAL],
        cwd=tmp_path / "cwd",
        env=environment,
        dimensions=(400, 80),
        timeout=SECONDS,
        encoding="utf-8",
    )
    while True:
        try:
            stream.feed(child.read_nonblocking(65536, timeout=SECONDS))
        except pexpect.EOF:
            break
    child.close()
    lines = [line.rstrip() for line in screen.display]
    text = "\n".join(lines)
    assert child.exitstatus == 0, text
    assert lines.count("$ osvc start vm188") == 3
    assert any(line.split()[:4] == ["back:", "stop", "vm188/container#0", "done"] for line in lines), text
    assert any(line.split()[:3] == ["start", "vm188/container#0", "timeout"] for line in lines), text
    assert "start vm188  4 of 4 steps" in text
    assert "SIMULATED" in text.split("$ cat")[0]
    assert f"mode = {ON_A_TERMINAL}" in lines
    check_what_the_collector_knows(text, ON_A_TERMINAL)
    assert left_behind(tmp_path) == before


def test_an_interrupt_ends_it(tmp_path: Path, environment: dict[str, str]) -> None:
    before = left_behind(tmp_path)
    child = pexpect.spawn(
        OSVC,
        ["demo", "--platform", "kvm"],
        cwd=tmp_path / "cwd",
        env=environment,
        dimensions=(50, 80),
        timeout=SECONDS,
    )
    # In the start that fails, once the guest is up: one that still boots does not hear that it shall shut down.
    child.expect_exact("start_timeout")
    child.expect_exact("$ osvc start vm188")
    child.expect(r"container#0.*running.* 1\.\d s")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert left_behind(tmp_path) == before


def test_a_termination_ends_it_and_what_it_runs(tmp_path: Path, environment: dict[str, str]) -> None:
    before = left_behind(tmp_path)
    child = subprocess.Popen(
        [OSVC, "demo", "--platform", "kvm"],
        cwd=tmp_path / "cwd",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert child.stdout is not None
    told = []
    for line in child.stdout:
        told.append(line)
        if "start vm188/container#0: begins" in line:
            child.terminate()
    # The output has ended: so has everything that could write to it.
    assert child.wait(SECONDS) == 143, "".join(told)
    # Unknown where it was cut while `virsh start` was under way.
    assert re.search(r"run \w+: vm188: (cancelled|unknown)\n", "".join(told))
    assert left_behind(tmp_path) == before


def test_a_shell_on_the_simulated_hypervisor(tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [OSVC, "demo", "--platform", "kvm", "--shell"],
        cwd=tmp_path / "cwd",
        env={**environment, "SHELL": "/bin/sh"},
        input="osvc config create vm188 --from vm188.env\nosvc status vm188\nvirsh list --all\nexit 7\n",
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 7, done.stdout + done.stderr
    assert "SIMULATED" in done.stdout
    assert "kvm vm188" in done.stdout
    assert "vm188   shut off" in done.stdout


def test_a_platform_that_there_is_none_of_is_refused(tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [OSVC, "demo", "--platform", "nosuch"],
        cwd=tmp_path / "cwd",
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "the demo failed: no platform nosuch: there are hpvm, kvm, lxc, xen, zone\n"


def test_a_demo_in_a_clone_in_which_another_plays_says_so(tmp_path: Path, environment: dict[str, str]) -> None:
    clone = tmp_path / "cwd"
    (clone / "pyproject.toml").write_text('[project]\nname = "opensvc"\n')
    (clone / ".demo").touch()
    done = subprocess.run(
        [OSVC, "demo"], cwd=clone, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("the demo failed: ")
    assert "cannot be made" in done.stderr


def test_the_real_libvirt_is_refused_to_others_than_root() -> None:
    from opensvc_testkit.demo.libvirt import missing

    assert "needs root" in missing(1000)


def test_the_walk_on_libvirt_never_plays_outside_its_namespaces(tmp_path: Path) -> None:
    from opensvc_testkit.demo.libvirt import mount_namespace

    mounts = Path("/proc/self/mountinfo").read_text()
    done = subprocess.run(
        [sys.executable, "-m", "opensvc_testkit.demo.inside", str(tmp_path), mount_namespace()],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "namespaces were not made" in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert Path("/proc/self/mountinfo").read_text() == mounts
