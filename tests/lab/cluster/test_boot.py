"""A power cut and what `osvc boot` makes of it, on real containers; then a shutdown."""

from __future__ import annotations

import json

from tests.lab.cluster.cluster import Cluster, service_text
from tests.lab.cluster.trust import trust_by_hand


def test_a_boot_starts_what_is_this_nodes_own_and_not_what_may_run_elsewhere() -> None:
    with Cluster.up(2) as cluster:
        first, _ = cluster.nodes
        cluster.be_quick()
        services = {
            "own": service_text(["node1"]),
            "web": service_text(["node1"], more="parents = own"),
            "shared": service_text(["node1", "node2"]),
        }
        for name, text in services.items():
            cluster.define_guest(name, [first])
            cluster.write_service(name, text, [first])
        cluster.told(first, "start", "own", "web")
        first.off()
        assert cluster.running("own") == []
        first.on()
        done = cluster.osvc(first, "boot", "--format", "json")
        told = json.loads(done.stdout)
        # The other node trusts nobody: whether `shared` runs there cannot be told.
        assert done.returncode != 0
        assert [veto["code"] for veto in told["refused"]["shared"]["vetoes"]] == ["peer_unknown"]
        assert (cluster.running("own"), cluster.running("web")) == (["node1"], ["node1"])
        assert cluster.running("shared") == []
        order = [step["id"] for run in told["runs"] for step in run["steps"]]
        assert order.index("start own/app#0") < order.index("start web/container#0")
        cluster.told(first, "shutdown")
        assert (cluster.running("own"), cluster.running("web")) == ([], [])


def test_a_boot_and_a_drain_among_nodes_that_trust_each_other() -> None:
    with Cluster.up(3) as cluster:
        first, second, third = cluster.nodes
        trust_by_hand(cluster, recovery=[third])
        cluster.be_quick()
        cluster.define_guest("c1")
        cluster.write_service("c1", service_text(["node1", "node2"], ["node3"]))

        def refused() -> list[str]:
            """The vetoes of a boot of the first node."""
            done = cluster.osvc(first, "boot", "--format", "json")
            assert done.returncode != 0, done.stdout
            return [veto["code"] for veto in json.loads(done.stdout)["refused"]["c1"]["vetoes"]]

        cluster.told(first, "start", "c1")
        first.off()
        cluster.told(second, "start", "c1", "--declare-dead", "node1")
        first.on()
        assert refused() == ["up_elsewhere"]
        assert cluster.running("c1") == ["node2"]
        cluster.told(second, "stop", "c1")
        third.off()
        assert refused() == ["drp_unreachable"]
        assert cluster.running("c1") == []
        third.on()
        cluster.told(first, "boot")
        assert cluster.running("c1") == ["node1"]
        # A drained node gives away what it has, and takes nothing back.
        cluster.told(first, "node", "drain")
        assert cluster.running("c1") == ["node2"]
        assert "node_drained" in cluster.refused(second, "switch", "c1", "--to", "node1")
        cluster.told(first, "node", "undrain")
        cluster.told(second, "switch", "c1", "--to", "node1")
        assert cluster.running("c1") == ["node1"]
