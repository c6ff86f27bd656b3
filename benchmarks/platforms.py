"""Status of 500 guests on each platform, against one call of the vendor's tool; and how long the contract takes.

The platforms are simulated, libvirt too: what is measured is how many calls the agent makes and what it adds to one,
not how quick a vendor's tool is. The real libvirt and LXC are in `many_guests` and in the lab.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from attrs import frozen

from benchmarks.figures import Figure
from benchmarks.measure import in_turn, seconds
from opensvc_testkit.demo.sceneries.lxc import folder_of
from opensvc_testkit.demo.simulation import SimulatedStage, simulate
from opensvc_testkit.demo.stage import NODE
from opensvc_testkit.platforms.hpux import SimulatedHpux
from opensvc_testkit.platforms.lxc import SimulatedLxc
from opensvc_testkit.platforms.solaris import SimulatedSolaris
from opensvc_testkit.platforms.xen import SimulatedXen

GUESTS = 500
ROUNDS = 5
CONTRACT_LIMIT = 20.0
ROOT = Path(__file__).resolve().parents[1]
Define = Callable[[SimulatedStage, str], object]


@frozen
class Kind:
    """One platform.

    Attributes:
        tools: the vendor's commands that tell states.
        ask: the one call that tells those of all guests.
        define: makes a guest on the node.
        boots: whether all guests run: Xen forgets those that do not, and looks twice for them.
    """

    tools: tuple[str, ...]
    ask: tuple[str, ...]
    define: Define
    boots: bool = False


KINDS: Mapping[str, Kind] = {
    "kvm": Kind(
        ("virsh",),
        ("virsh", "-c", "qemu:///system", "domstats", "--state"),
        lambda site, name: site.cluster.define_guest(name, nodes=[NODE], boot_time=0),
    ),
    "xen": Kind(
        ("xl",),
        ("xl", "list"),
        lambda site, name: SimulatedXen(site.cluster).define_guest(name, nodes=[NODE], boot_time=0),
        boots=True,
    ),
    "lxc": Kind(
        ("lxc-ls", "lxc-info"),
        ("lxc-ls", "-P", "containers", "-f"),
        lambda site, name: SimulatedLxc(site.cluster).define_guest(
            name, nodes=[NODE], path=str(folder_of(site.stage)), boot_time=0
        ),
    ),
    "hpvm": Kind(
        ("hpvmstatus",),
        ("hpvmstatus", "-M"),
        lambda site, name: SimulatedHpux(site.cluster).guests.define_guest(name, nodes=[NODE], boot_time=0),
    ),
    "zone": Kind(
        ("zoneadm",),
        ("zoneadm", "list", "-cp"),
        lambda site, name: SimulatedSolaris(site.cluster).define_zone(name, [NODE], installed_on=NODE, boot_time=0),
    ),
}


def status_of_platforms() -> Iterator[Figure]:
    """Each platform in turn."""
    for mode, kind in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            site = simulate(Path(folder), mode)
            try:
                yield from _status_of(site, mode, kind)
            finally:
                site.cluster.close()


def _status_of(site: SimulatedStage, mode: str, kind: Kind) -> Iterator[Figure]:
    env = site.stage.environment(os.environ)
    etc = site.stage.root / "etc"
    more = site.scenery.more(site.stage) or "\n[container#0]\n"
    names = [f"g{number:03}" for number in range(GUESTS)]
    for name in names:
        kind.define(site, name)
        # No shell: applications in a guest that runs are asked for in it, one by one: no matter of its platform.
        text = f"[default]\nmode = {mode}\nservice_type = DEV\nnodes = {NODE}\nvm_name = {name}\n{more}shell = false\n"
        (etc / f"{name}.env").write_text(text)
    run = _runner(env, site.stage.folder)
    if kind.boots:
        SimulatedXen(site.cluster).set_memory(NODE, 512 * (GUESTS + 8))
        for name in names:
            run("xl", "create", str(site.cluster.root / f"{name}.cfg"))
    site.cluster.clear_calls()
    osvc = (str(Path(sys.executable).with_name("osvc")), "status", "--format", "json")
    services = json.loads(run(*osvc))["services"].values()
    told = {
        each["status"] for service in services for rid, each in service["resources"].items() if rid == "container#0"
    }
    if len(services) != GUESTS or told != {"up" if kind.boots else "down"}:
        raise AssertionError(f"{mode}: {len(services)} services, {told}")
    calls = [call for tool in kind.tools for call in site.cluster.calls(tool)]
    yield Figure(f"vendor calls for {GUESTS} guests, simulated {mode}", len(calls), 1, "", "counted")
    took = in_turn({"vendor": lambda: run(*kind.ask), "osvc": lambda: run(*osvc)}, ROUNDS)
    vendor, whole = took.median("vendor"), took.median("osvc")
    detail = f"limit: 3 x {kind.ask[0]} {vendor:.3f} s + 1 s"
    yield Figure(f"osvc status of {GUESTS} guests, simulated {mode}", whole, 3 * vendor + 1, "s", detail)


def _runner(env: Mapping[str, str], folder: Path) -> Callable[..., str]:
    def run(*argv: str) -> str:
        done = subprocess.run(argv, env=dict(env), cwd=folder, check=False, capture_output=True, text=True, timeout=120)
        if done.returncode not in {0, 1}:
            raise RuntimeError(f"{' '.join(argv)}: {done.returncode}: {done.stderr}")
        return done.stdout

    return run


def contract_of_drivers() -> Iterator[Figure]:
    """The conformance suite of each driver, by itself."""
    for file in sorted((ROOT / "tests" / "conformance").glob("test_*.py")):
        lines = file.read_text().splitlines()
        for suite in (line.split()[1].partition("(")[0] for line in lines if line.startswith("class Test")):
            took = seconds(partial(_hold, f"{file}::{suite}"))
            yield Figure(f"contract of drivers: {file.stem} {suite}", took, CONTRACT_LIMIT, "s", "one run")


def _hold(suite: str) -> None:
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", suite]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, timeout=300)
