"""A power cut and what `osvc boot` makes of it, on real containers; then a shutdown."""

from __future__ import annotations

import json

from tests.lab.cluster.cluster import Cluster, service_text


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
