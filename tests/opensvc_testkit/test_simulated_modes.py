"""One scenario on every mode of the cookbook and on a service without a guest: same commands, words and statuses.

The platforms are simulated; what is acted on is `osvc`, as an operator types it.
"""

from __future__ import annotations

import json
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import define

from opensvc_testkit.demo.service import ADDRESS, SERVICE, cookbook
from opensvc_testkit.demo.simulation import SimulatedStage, simulate
from opensvc_testkit.guest_disk import launcher_text
from opensvc_testkit.installation import write_script

pytestmark = pytest.mark.simulated

WITHOUT_GUEST = "without a guest"
MODES = ("kvm", "xen", "hpvm", "zone", "lxc", WITHOUT_GUEST)
OSVC = str(Path(sysconfig.get_path("scripts")) / "osvc")
PLAIN = """\
[default]
app = ERP
mode = hosted
service_type = DEV
nodes = node109 node110 node111 node112
autostart_node = node109

[app#0]
"""
SECONDS = 120
VETOED, FROZEN = 4, 7


@define
class Play:
    """A node, its service, and what a test may do to it.

    Attributes:
        simulated: the stage; the service without a guest uses its folder only.
        mode: one of ``MODES``.
    """

    simulated: SimulatedStage
    mode: str

    @property
    def has_guest(self) -> bool:
        """Whether the service has a guest."""
        return self.mode != WITHOUT_GUEST

    def osvc(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command of an operator."""
        environment: Mapping[str, str] = self.simulated.stage.variables("/usr/bin:/bin")
        return subprocess.run(
            [OSVC, *words],
            cwd=self.simulated.stage.folder,
            env={**environment, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "SIMULATED_BOOT": str(self.state)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def does(self, *words: str, status: int = 0) -> str:
        """One command that ends so; what it printed, on both streams."""
        done = self.osvc(*words)
        said = done.stdout + done.stderr
        assert done.returncode == status, f"osvc {' '.join(words)} ended with {done.returncode}:\n{said}"
        return said

    def words(self) -> dict[str, str]:
        """Status of each resource that has one, and of all as ``avail``."""
        shown = json.loads(self.osvc("status", SERVICE, "--format", "json").stdout)
        service = shown["services"][SERVICE]
        found = {rid: each["status"] for rid, each in service["resources"].items() if each["status"] != "n/a"}
        return {**found, "avail": service["avail"]}

    @property
    def state(self) -> Path:
        """Where the application of a service without a guest keeps its state."""
        return self.simulated.stage.folder / "applications"

    def is_up(self) -> bool:
        """Whether the application runs, asked past OpenSVC."""
        if self.has_guest:
            return self.simulated.cluster.is_application_up(SERVICE, "erp")
        return (self.state / "application.erp").exists()

    def kill_application(self) -> None:
        """The application ends by itself."""
        if not self.has_guest:
            (self.state / "application.erp").unlink()
            return
        for boot in (self.simulated.cluster.root / "boots").iterdir():
            (boot / "application.erp").unlink()

    def break_application(self, *, is_broken: bool) -> None:
        """Its next start fails, or does not."""
        statuses = {"start": 1} if is_broken else {}
        if self.has_guest:
            self.simulated.cluster.set_launcher(SERVICE, "S10erp", application="erp", statuses=statuses)
        else:
            write_script(self.launchers / "S10erp", launcher_text("erp", statuses, {}, ()).replace(
                '"$SIMULATED_BOOT"', str(self.state)))  # fmt: skip

    @property
    def launchers(self) -> Path:
        """The launchers of a service without a guest."""
        return self.simulated.stage.root / "etc" / f"{SERVICE}.d"


@pytest.fixture(params=MODES)
def played(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    mode: str = request.param
    platform = "kvm" if mode == WITHOUT_GUEST else mode
    played = Play(simulate(tmp_path, platform, boot_time=0.2, shutdown_time=0.1), mode)
    text = cookbook(mode) + played.simulated.scenery.more(played.simulated.stage) if played.has_guest else PLAIN
    (tmp_path / f"{SERVICE}.env").write_text(text)
    played.state.mkdir()
    if not played.has_guest:
        played.launchers.mkdir()
        for letter in "SKC":
            script = launcher_text("erp", {}, {}, ()).replace('"$SIMULATED_BOOT"', str(played.state))
            write_script(played.launchers / f"{letter}10erp", script)
    return played


def up(played: Play) -> dict[str, str]:
    """What a service says that is up."""
    guest = {"container#0": "up", "ip#1": "up"} if played.has_guest else {}
    more = {"container#0ready": "up"} if played.mode == "zone" else {}
    return {**guest, **more, "app#0": "up", "avail": "up"}


def test_the_same_scenario_on_every_mode(played: Play) -> None:
    played.does("config", "create", SERVICE, "--from", f"{SERVICE}.env")
    played.does("config", "validate", SERVICE)
    played.does("plan", "start", SERVICE)
    assert played.words()["avail"] == "down", "a plan changes nothing"
    assert set(played.words().values()) == {"down"}

    assert "start done" in played.does("start", SERVICE)
    assert played.is_up()
    assert played.words() == up(played)
    assert "no changes" in played.does("start", SERVICE), "what is up stays as it is"

    # The application ends by itself; a start brings it back.
    played.kill_application()
    without_application = {**up(played), "app#0": "down", "avail": "warn" if played.has_guest else "down"}
    assert played.words() == without_application
    played.does("start", SERVICE)
    assert played.words() == up(played)

    assert "stop done" in played.does("stop", SERVICE)
    assert not played.is_up()
    assert set(played.words().values()) == {"down"}
    played.does("stop", SERVICE)
    assert set(played.words().values()) == {"down"}

    # An application that does not start is told of, and what it runs in stays up.
    played.break_application(is_broken=True)
    assert "0 of 1 start script succeeded" in played.does("start", SERVICE)
    assert played.words() == without_application
    played.break_application(is_broken=False)
    played.does("start", SERVICE)
    assert played.words() == up(played)
    played.does("stop", SERVICE)

    # Nothing begins while a service is frozen.
    played.does("freeze", SERVICE)
    played.does("start", SERVICE, status=FROZEN)
    assert set(played.words().values()) == {"down"}
    played.does("thaw", SERVICE)


def test_a_guest_that_does_not_listen_is_stopped_by_force(played: Play) -> None:
    if not played.has_guest:
        pytest.skip("there is no guest")
    cluster = played.simulated.cluster
    text = (played.simulated.stage.folder / f"{SERVICE}.env").read_text()
    section = "" if "[container#0]" in text else "\n[container#0]\n"
    (played.simulated.stage.folder / f"{SERVICE}.env").write_text(f"{text}{section}stop_timeout = 3s\n")
    played.does("config", "create", SERVICE, "--from", f"{SERVICE}.env")
    played.does("start", SERVICE)
    cluster.change_guest(SERVICE, shutdown_time=None)
    assert "stop done" in played.does("stop", SERVICE)
    assert cluster.running_on(SERVICE) == ()
    assert set(played.words().values()) == {"down"}


def test_an_address_that_another_machine_has_is_a_veto(played: Play) -> None:
    if not played.has_guest:
        pytest.skip("there is no address")
    played.does("config", "create", SERVICE, "--from", f"{SERVICE}.env")
    played.simulated.cluster.add_machine("intruder", ADDRESS)
    said = played.does("start", SERVICE, status=VETOED)
    assert ADDRESS in said or SERVICE in said
    assert played.simulated.cluster.running_on(SERVICE) == ()
