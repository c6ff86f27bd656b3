"""The simulated sg_persist against the real one on tgtd: every step of a scenario has the same answer and effect."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from opensvc_testkit.simulated import SimulatedCluster
from tests.lab.sgio.nexus import PORT, Nexus
from tests.lab.sgio.shim import Shim
from tests.lab.uml.fabric import Fabric
from tests.lab.uml.san import make_luns
from tests.lab.uml.specification import TARGET
from tests.lab.uml.tgt import Tgt
from tests.opensvc_testkit.several_nodes import Stage, differences, read_steps
from tests.opensvc_testkit.sg_persist_stage import PATHS, simulated_stage, state_of


@pytest.fixture
def real(lab_requirements: None, tmp_path: Path) -> Iterator[Stage]:
    """Three initiators, the first of two ports, on a LUN of tgtd."""
    folder = tmp_path / "real"
    folder.mkdir()
    shim = Shim.build(folder)
    fabric = Fabric()
    try:
        san = Tgt(make_luns(1, 1 << 20, folder), fabric, folder, shim, 1)
        try:
            url = f"iscsi://{san.attachment.portals[0]}:{PORT}/{TARGET}/0"
            ways = {
                name: [
                    Nexus(name, folder / name / str(port), shim, fabric.pid, url, 1, port=port)
                    for port in range(1, len(paths) + 1)
                ]
                for name, paths in PATHS.items()
            }
            for nexuses in ways.values():
                for way in nexuses:
                    way.run(["sg_turs", "-n", "8", way.device(1)])
            yield _stage(san, ways, folder)
            for nexuses in ways.values():
                for way in nexuses:
                    way.cut()
        finally:
            san.close()
    finally:
        fabric.close()


def _stage(san: Tgt, ways: dict[str, list[Nexus]], folder: Path) -> Stage:
    (folder / "file").write_text("no disk\n")
    (folder / "zeros").write_bytes(bytes(512))

    def run(on: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        first, last = ways[on][0], ways[on][-1]
        places = {
            "DISK": first.device(1), "OTHER": last.device(1), "FILE": str(folder / "file"),
            "NOWHERE": str(folder / "nowhere"),
        }  # fmt: skip
        argv = [places.get(word, word) for word in words]
        if argv[0] == "write":
            block = ["-s", "512", "-i", str(folder / "zeros"), argv[1]]
            done = first.run(["sg_raw", *block, "2a", *["00"] * 7, "01", "00"])
            return subprocess.CompletedProcess(argv, done.returncode, "", "")
        return first.run(argv, env={"LC_ALL": "C"})

    def state() -> str:
        told = san.reservations(san.luns[0])
        return state_of(told.keys, (told.holder.key, told.holder.type) if told.holder else None, told.generation)

    def shown(text: str) -> str:
        places = {ways["n1"][-1].device(1): "OTHER", str(folder / "file"): "FILE", str(folder / "nowhere"): "NOWHERE"}
        for place, word in {**places, **{way[0].device(1): "DISK" for way in ways.values()}}.items():
            text = text.replace(place, word)
        return text

    return Stage(run, state, shown)


def test_the_simulated_sg_persist_answers_as_the_real_one(
    real: Stage, simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    steps = read_steps("sg_persist_scenario.toml")
    wanted = real.play(steps)
    assert simulated_cluster.calls() == (), "the real one was asked"
    (tmp_path / "simulated-nodes").mkdir()
    got = simulated_stage(simulated_cluster, tmp_path / "simulated-nodes", "tgt").play(steps)
    assert differences(got, wanted) == ""
    assert [each.status for each in wanted] == [each.status for each in steps]
