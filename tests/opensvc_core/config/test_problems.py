"""Every message that a service file can bring, with its line; all of a file at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.errors import ConfigError
from tests.opensvc_core.config.files import COOKBOOK, load, make_node, problems_of, said

KVM = "[default]\nnodes = node109 node110\n[container#0]\ntype = kvm\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "svc1.env: there is no [default] section (begin the file with [default])"),
        ("[default]\nmode = kmv\nservice_type = DEV",
         ("svc1.env:2: [default] mode: 'kmv' is none of hosted, kvm, xen, hpvm, zone, lxc, ldom, jail; "
         "did you mean 'kvm'?")),
        ("[default]\nmode = kvm",
         ("svc1.env:1: [default] service_type: must be given where 'mode' is "
         "(add `service_type = DEV`, or PRD, TMP, TST)")),
        ("[default]\nmode = kvm\nservice_type = prd",
         "svc1.env:3: [default] service_type: 'prd' is none of PRD, DEV, TMP, TST; did you mean 'PRD'?"),
        ("[default]\nmode = jail\nservice_type = DEV", "svc1.env:2: [default] jailroot: must be given in mode jail"),
        ("[default]\nautostart_nodes = node109",
         "svc1.env:2: [default] autostart_nodes: unknown keyword (did you mean 'autostart_node'?)"),
        ("[default]\nautostart_node = node108",
         ("svc1.env:2: [default] autostart_node: 'node108' is not among the production nodes "
         "(did you mean 'node109'?)")),
        ("[default]\nnodes = node109, node110",
         "svc1.env:2: [default] nodes: 'node109,' is not the name of a node (put blanks between the names)"),
        ("[default]\nnodes = node109 -oProxyCommand=x",
         "svc1.env:2: [default] nodes: '-oProxyCommand=x' is not the name of a node"),
        ("[default]\nnodes = node109 NODE109", "svc1.env:2: [default] nodes: 'NODE109' is named twice"),
        ("[default]\nnodes =", "svc1.env:2: [default] nodes: names no node (take the line out, or name the nodes)"),
        ("[default]\ndrpnode = a b", ("svc1.env:2: [default] drpnode: names more than one node "
         "(write `drpnodes = ...`)")),
        ("[default]\nnodes@node109 = node109",
         ("svc1.env:2: [default] nodes@node109: 'nodes' means the same on every node: it takes no scope "
         "(write `nodes = ...`)")),
        ("[default]\ncontainer_cpu_share = 1\ncontainer_cpu_shares = 2",
         ("svc1.env:3: [default] container_cpu_shares: means the same as 'container_cpu_share' in line 2 "
         "(keep one of the two)")),
        ("[default]\nvm_name = a",
         ("svc1.env:2: [default] vm_name: says something of a guest, and the service has none "
         "(set `mode`, or add a [container#0] section)")),
        ("[default]\nmode = hosted\nservice_type = DEV\n[container#0]\ntype = kvm",
         ("svc1.env:2: [default] mode: is 'hosted', and the containers are of type kvm "
         "(take the line out: the sections say it)")),
        ("[default]\nmode = lxc\nservice_type = DEV\n[container#0]\ntype = kvm",
         "svc1.env:2: [default] mode: is 'lxc', and the containers are of type kvm (make them agree)"),
        (KVM + "strat_timeout = 3",
         "svc1.env:5: [container#0] strat_timeout: unknown keyword (did you mean 'start_timeout'?)"),
        (KVM + "start_timeout = soon",
         ("svc1.env:5: [container#0] start_timeout: 'soon' is not a duration: write seconds, or units as in 1m30s, "
         "2h, 1d3h, 500ms")),
        (KVM + "start_timeout@node110 = soon",
         ("svc1.env:5: [container#0] start_timeout@node110: 'soon' is not a duration: write seconds, or units as in "
         "1m30s, 2h, 1d3h, 500ms")),
        (KVM + "name = a\nvm_name = b",
         "svc1.env:6: [container#0] vm_name: means the same as 'name' in line 5 (keep one of the two)"),
        (KVM + "name@node11 = a",
         ("svc1.env:5: [container#0] name@node11: unknown scope: 'node11' is neither a node of this service nor "
         "'nodes' nor 'drpnodes' (did you mean 'node110'?)")),
        (KVM + "name = vm{rindex}",
         ("svc1.env:5: [container#0] name: references such as {rindex} are not supported by this version "
         "(write the value itself)")),
        (KVM + "pre_start = /bin/true",
         ("svc1.env:5: [container#0] pre_start: triggers are not supported by this version "
         "(take it out, or do what it does in an application launcher)")),
        (KVM + "blocking_post_stop@nodes = /bin/true",
         ("svc1.env:5: [container#0] blocking_post_stop@nodes: triggers are not supported by this version "
         "(take it out, or do what it does in an application launcher)")),
        (KVM + "container = container#0",
         "svc1.env:5: [container#0] container: a container lives in no other container (take the line out)"),
        (KVM + "[ip#1]\nipdev = a",
         "svc1.env:5: [ip#1] ipname: must be given (add a line such as `ipname = vm188`)"),
        (KVM + "[ip#1]\nipname =",
         "svc1.env:6: [ip#1] ipname: must be given (add a line such as `ipname = vm188`)"),
        (KVM + "[ip#1]\nipname@node110 = a",
         "svc1.env:5: [ip#1] ipname: must be given for node109 (add a line such as `ipname = vm188`)"),
        (KVM + "[ip#1]\nipname = a\ncontainer = container#1",
         "svc1.env:7: [ip#1] container: the service has no container 'container#1' (did you mean 'container#0'?)"),
        (KVM + "[vg#1]\nvgname = a\ncontainer = container#0",
         "svc1.env:7: [vg#1] container: disk.lvm handles what lies on the node, not in a guest (take the line out)"),
        (KVM + "[container#1]\ntype = kvm\nname = svc1",
         ("svc1.env:7: [container#1] name: 'svc1' is the guest of [container#0] already "
         "(give each container its own `name`)")),
        (KVM + "[container#1]\ntype = kvm\nname = b\n[ip#1]\nipname = a",
         ("svc1.env:8: [ip#1] container: must be given: the service has more than one container "
         "(`container = container#0` or `container = container#1`)")),
        (KVM + "[app#1]\nstart_requires = ip#1 app#1",
         ("svc1.env:6: [app#1] start_requires: the service has no resource 'ip#1' (did you mean 'app#1'?)\n"
         "svc1.env:6: [app#1] start_requires: a resource cannot wait for itself")),
        (KVM + "[app#1]\nalways_on = node111",
         ("svc1.env:6: [app#1] always_on: 'node111' is neither a node of this service nor 'nodes' nor 'drpnodes' "
         "(did you mean 'node110'?)")),
        (KVM + "[app#1]\ndisable_on = nodse",
         ("svc1.env:6: [app#1] disable_on: 'nodse' is neither a node of this service nor 'nodes' nor 'drpnodes' "
         "(did you mean 'nodes'?)")),
        (KVM + "[app#1]\noptional = perhaps", "svc1.env:6: [app#1] optional: 'perhaps' is neither true nor false"),
        ("[default]\n[vmdg]",
         ("svc1.env:2: [vmdg]: disk.vmdg belongs to a guest, and the service has none "
         "(set `mode` in [default], or add a [container#0] section)")),
        ("[default]\n[vg#1]\nvgname = a\nvgtype = lvm", "svc1.env:4: [vg#1] vgtype: 'lvm' is none of veritas"),
        (KVM + "[loop#1]\nfile = a\nscsireserv = {x}",
         ("svc1.env:7: [loop#1] scsireserv: references such as {x} are not supported by this version "
         "(write the value itself)")),
        (KVM + "[ip#1]\nipname = a\nscsireserv = true", "svc1.env:7: [ip#1] scsireserv: unknown keyword"),
        # The driver is not installed: its own keywords pass, triggers and common ones do not.
        (KVM.replace("kvm", "xen") + "pre_start = x\nmemory = 1\ndisable = maybe",
         ("svc1.env:5: [container#0] pre_start: triggers are not supported by this version "
         "(take it out, or do what it does in an application launcher)\n"
         "svc1.env:7: [container#0] disable: 'maybe' is neither true nor false")),
    ],
)  # fmt: skip
def test_a_problem_names_its_line_and_what_to_do(text: str, problem: str) -> None:
    assert said(text) == problem.split("\n")


def test_all_problems_come_at_once_in_the_order_of_their_lines() -> None:
    text = """\
[default]
nodes = node109
mod = kvm
[ip#1]
ipname@node110 = a
[vmgd]
[container#0]
type = kvm
start_timeout = x
start_timeout = 3
stray
"""
    problems = said(text)
    assert [problem.split(":")[1] for problem in problems] == ["3", "4", "5", "6", "9", "10", "11"]
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert str(caught.value) == "\n".join(problems)
    assert caught.value.exit_status == 3


def test_a_misspelt_mode_does_not_make_other_problems() -> None:
    assert len(said(COOKBOOK.replace("hpvm", "hvpm"))) == 1


def test_scopes_that_are_not_of_this_node_are_checked_as_well() -> None:
    text = KVM + "qga@node110 = perhaps\n"
    assert said(text) == said(text, make_node("node110")) != []


@pytest.mark.parametrize("value", ["{}", "awk '{print $1}'", "a{b c}d", "$(hostname)", "{"])
def test_braces_that_are_no_references_are_values(value: str) -> None:
    assert load(KVM + f"name = {value}\n").resource("container#0").text("name") == value


@pytest.mark.parametrize("value", ["{nodename}", "x{container#0.name}", "{x[0]}", "{#nodes}", "{upper:x}", "$(1+2)"])
def test_references_of_later_agents_are_refused(value: str) -> None:
    (problem,) = said(KVM + f"name = {value}\n")
    assert "are not supported by this version" in problem


LINES = st.sampled_from(
    [
        "[default]", "[container#0]", "[container#1]", "[ip#1]", "[vmdg]", "[vg#1]", "[subset#g]", "[env]", "[fs#1]",
        "type = kvm", "type = xen", "type = container.zone", "type =", "mode = kvm", "mode = hosted", "mode = x",
        "service_type = DEV", "nodes = node109 n2", "nodes = ;", "drpnodes = n3", "name = a", "vm_name@n2 = b",
        "ipname = a", "ipname@drpnodes = b", "scsireserv = true", "container = container#1", "container =",
        "start_requires = ip#1 vmdg", "subset = g", "always_on = nodes", "disable = yes", "  continued", "",
        "pre_x = 1",
    ]
)  # fmt: skip


@given(st.lists(LINES, max_size=25).map("\n".join))
def test_any_file_is_a_service_or_a_list_of_problems(text: str) -> None:
    if problems := problems_of(text):
        assert all(problem.message for problem in problems)
        return
    service = load(text)
    rids = [resource.rid for resource in service.resources]
    assert len(rids) == len(set(rids))
    for resource in service.resources:
        assert set(resource.start_requires) <= set(rids)
        assert resource.container in {*rids, ""}
        assert not resource.subset or resource.subset in service.subsets
