"""The simulated virsh against the real one: every step of a scenario must have the same answer, status and effect."""

from __future__ import annotations

from pathlib import Path

from opensvc_testkit.simulated_node import SimulatedNode
from tests.lab.domain_xml import Kind
from tests.lab.libvirt import Hypervisor
from tests.opensvc_testkit.virsh_scenario import simulated_player, steps, virsh_player


def test_the_simulated_virsh_answers_as_the_real_one(
    clean_hypervisor: Hypervisor, simulated_node: SimulatedNode, tmp_path: Path
) -> None:
    kinds = {"vm1": Kind.BOOT, "vm2": Kind.STUBBORN}
    files = clean_hypervisor.files
    for name, kind in kinds.items():
        xml = clean_hypervisor.domain_xml(name, kind)
        (files / f"{name}.xml").write_text(xml)
        # Both virshs print paths of images, and their texts are compared with their own folder taken out.
        (tmp_path / f"{name}.xml").write_text(xml.replace(str(files), str(tmp_path)))
    for folder in (files, tmp_path):
        (folder / "bad.xml").write_text("no definition\n")
    real = virsh_player(
        lambda *words: clean_hypervisor.node.exec(["virsh", *words], env={"LC_ALL": "C"}),
        str(files),
        clean_hypervisor.wait_booted,
        clean_hypervisor.wait_state,
    )
    wanted = real.play(steps())
    assert simulated_node.cluster.calls() == (), "the real one was asked"
    assert [each.status for each in wanted] == [each.status for each in steps()]
    for got, want in zip(simulated_player(simulated_node, tmp_path).play(steps()), wanted, strict=True):
        assert got == want
