"""From a service file to a Service: both forms, the nodes, what is implied and what is inherited."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.config.keywords import DriverInfo
from opensvc_core.config.load import check_managed, load_service
from opensvc_core.errors import ConfigError
from opensvc_core.model import Phase
from tests.opensvc_core.config.files import COOKBOOK, FILE, describe, load, make_node, problems_of, said


def test_the_file_of_the_cookbook_loads_as_printed_without_its_driver(tmp_path: Path) -> None:
    file = tmp_path / "vm188.env"
    file.write_text(COOKBOOK)
    service = load_service(file, make_node(), describe)
    assert (service.name, service.path) == ("vm188", file)
    assert service.nodes == ("node109", "node110", "node111", "node112")
    assert service.drpnodes == ()
    assert service.options["comment"] == "recette gen db #2"
    assert service.options["autostart_node"] == ("node109",)
    assert [resource.rid for resource in service.resources] == ["ip#1", "vmdg", "container#0", "app#0", "sync#i0"]
    container = service.resource("container#0")
    assert container.driver == "container.hpvm"
    assert container.problem == "driver container.hpvm is not installed"
    assert container.hint == "pip install opensvc-drivers-hpvm"
    assert container.options["name"] == "vm188"
    assert container.phase is Phase.CONTAINER
    assert container.line == 0
    assert service.resource("vmdg").options["scsireserv"] is False


def test_the_same_file_in_mode_kvm_has_a_driver_for_everything() -> None:
    service = load(COOKBOOK.replace("hpvm", "kvm"))
    assert [(resource.rid, resource.driver, resource.container) for resource in service.resources] == [
        ("ip#1", "ip.guest", "container#0"),
        ("vmdg", "disk.vmdg", "container#0"),
        ("container#0", "container.kvm", ""),
        ("app#0", "app.launchers", "container#0"),
        ("sync#i0", "sync.service_files", ""),
    ]
    assert [resource.problem for resource in service.resources[:4]] == [""] * 4
    assert [resource.line for resource in service.resources] == [12, 16, 0, 0, 0]
    address = service.resource("ip#1")
    assert address.text("ipname") == "vm188"
    assert address.seconds("start_timeout") == 60.0
    assert address.label == "vm188@lan0"
    container = service.resource("container#0")
    assert container.text("name") == "vm188"
    assert container.seconds("start_timeout") == 240.0
    assert container.label == "kvm vm188"


def test_a_guest_without_a_name_has_that_of_the_service() -> None:
    text = "[default]\nmode = kvm\nservice_type = DEV\n"
    assert load(text).resource("container#0").text("name") == "svc1"
    assert load("[default]\n[container#0]\ntype = kvm\n").resource("container#0").text("name") == "svc1"
    named = load("[default]\nvm_name = a\n[container#0]\ntype = kvm\nvm_name = b\n")
    assert named.resource("container#0").text("name") == "b"


def test_the_form_with_a_container_section_needs_neither_mode_nor_service_type() -> None:
    service = load(
        "[DEFAULT]\nnodes = node109\n[container#0]\ntype = kvm\nname = web\nstart_timeout = 2m\n[ip#0]\nipname = web\n"
    )
    assert [(resource.rid, resource.driver, resource.container) for resource in service.resources] == [
        ("container#0", "container.kvm", ""),
        ("ip#0", "ip.guest", "container#0"),
    ]
    assert service.resource("container#0").seconds("start_timeout") == 120.0
    assert service.options["service_type"] == "DEV"


def test_a_container_section_without_type_takes_the_mode() -> None:
    service = load("[default]\nmode = lxc\nservice_type = DEV\n[container#0]\nname = c1\n")
    assert [(resource.rid, resource.driver) for resource in service.resources] == [
        ("container#0", "container.lxc"),
        ("app#0", "app.launchers"),
    ]
    assert service.resource("container#0").line == 4


def test_the_section_of_a_resource_may_stand_before_that_of_its_guest() -> None:
    service = load("[default]\n[ip#0]\nipname = a\n[container#web]\ntype = zone\n")
    assert [resource.driver for resource in service.resources] == ["ip.zone", "container.zone"]
    assert service.resource("ip#0").container == "container#web"


def test_an_application_section_replaces_the_implied_launchers() -> None:
    service = load("[default]\nmode = kvm\nservice_type = DEV\n[app#web]\n")
    assert [resource.rid for resource in service.resources] == ["app#web", "container#0"]


def test_a_service_without_guest_has_launchers_where_their_folder_is(tmp_path: Path) -> None:
    node = make_node(root=tmp_path)
    text = "[default]\nmode = hosted\nservice_type = DEV\n[ip#1]\nipname = a\n"
    assert [resource.driver for resource in load(text, node).resources] == ["ip.host"]
    (tmp_path / "etc" / "svc1.d").mkdir(parents=True)
    service = load(text, node)
    assert [resource.driver for resource in service.resources] == ["ip.host", "app.launchers"]
    assert service.resource("app#0").container == ""


def test_the_node_that_reads_is_the_only_one_where_none_is_named() -> None:
    service = load("[default]\n", make_node("lonely"))
    assert (service.nodes, service.all_nodes) == (("lonely",), ("lonely",))


def test_node_names_have_no_case_and_become_those_that_the_node_goes_by() -> None:
    text = (
        "[default]\nnodes = NODE109 Node110\ndrpnode = DR1\ndrpnodes = dr2 dr1\n[ip#1]\nipname=a\nipdev@nOde109 = x\n"
    )
    service = load(text)
    assert service.nodes == ("node109", "Node110")
    assert service.drpnodes == ("DR1", "dr2")
    assert service.resource("ip#1").text("ipdev") == "x"


def test_a_node_that_is_not_of_the_service_reads_it_and_is_told_apart() -> None:
    service = load(COOKBOOK, make_node("elsewhere"))
    problem = check_managed(service, make_node("elsewhere"))
    assert problem is not None
    assert str(problem) == (
        "svc1.env: [default] nodes: elsewhere is not a node of svc1: it is not run here "
        "(its nodes are node109, node110, node111, node112)"
    )
    assert check_managed(service, make_node("node112")) is None
    recovery = load("[default]\nnodes = a\ndrpnodes = b\n")
    assert check_managed(recovery, make_node("b")) is None


def test_what_default_gives_is_inherited_and_a_section_wins() -> None:
    text = "[default]\nmode = kvm\nservice_type = DEV\nguest_os = windows\n[container#0]\n"
    assert load(text).resource("container#0").text("guest_os") == "windows"
    assert load(text + "guest_os = Linux\n").resource("container#0").text("guest_os") == "Linux"


def test_an_inherited_value_is_of_the_kind_that_the_driver_declares() -> None:
    text = "[default]\nvm_name@node110 = b\nvm_name = a\nnodes = node109 node110\n[container#0]\ntype = kvm\n"
    assert load(text).resource("container#0").text("name") == "a"
    assert load(text, make_node("node110")).resource("container#0").text("name") == "b"


def test_common_keywords_reach_the_resource() -> None:
    text = """\
[default]
nodes = node109 node110
drpnodes = dr1
[container#0]
type = kvm
comment = {anything} goes here
[fs#1]
dev = /dev/data/home
mnt = /srv/home/
optional = yes
tags = nightly db
subset = G1
start_requires = Container#0
stop_requires = container#0 container#0
always_on = drpnodes
disable_on = node110
"""
    resource = load(text).resource("fs#1")
    assert resource.text("mnt") == "/srv/home"
    assert resource.label == "/dev/data/home@/srv/home"
    assert resource.is_optional
    assert resource.tags == {"nightly", "db"}
    assert resource.subset == "g1"
    assert resource.start_requires == ("container#0",)
    assert resource.stop_requires == ("container#0",)
    assert (resource.is_disabled, resource.is_standby) == (False, False)
    assert resource.container == ""
    assert load(text, make_node("node110")).resource("fs#1").is_disabled
    assert load(text, make_node("DR1")).resource("fs#1").is_standby
    assert load(text.replace("optional = yes", "disable = true")).resource("fs#1").is_disabled
    assert load(text.replace("optional = yes", "standby = true")).resource("fs#1").is_standby


def test_subsets_are_there_with_and_without_a_section() -> None:
    service = load(
        """\
[default]
[subset#g1]
parallel = true
[subset#disk:g1]
[subset#unused]
[ip#1]
ipname = a
subset = g1
[vg#1]
vgname = a
subset = g1
[fs#1]
dev = a
mnt = /a
subset = g2
"""
    )
    assert {name: subset.parallel for name, subset in service.subsets.items()} == {
        "g1": True,
        "disk:g1": False,
        "unused": False,
        "g2": False,
    }
    assert [resource.subset for resource in service.resources] == ["g1", "disk:g1", "g2"]


@pytest.mark.parametrize(
    ("default", "sections", "expected"),
    [
        ("", "[vg#1]\nvgname = a\n", {"container#0": False, "vg#1": False}),
        ("scsireserv = true\n", "[vg#1]\nvgname = a\n", {"container#0": False, "vg#1": True}),
        ("scsireserv = true\n", "[vg#1]\nvgname = a\nscsireserv = false\n", {"container#0": False, "vg#1": False}),
        ("scsireserv = true\n", "", {"container#0": True}),
        ("", "[vmdg]\nscsireserv = yes\n", {"container#0": False, "vmdg": True}),
        ("scsireserv@nodes = true\n", "[vmdg]\n", {"container#0": False, "vmdg": True}),
        ("scsireserv@drpnodes = true\n", "[vmdg]\n", {"container#0": False, "vmdg": False}),
        ("scsireserv = true\n", "[disk#x]\ntype = own\n", {"container#0": False, "disk#x": True}),
    ],
)
def test_reservations_are_asked_for_by_the_section_else_by_default_and_never_lost(
    default: str, sections: str, expected: dict[str, bool]
) -> None:
    service = load(f"[default]\n{default}[container#0]\ntype = kvm\n{sections}")
    found = {
        resource.rid: resource.options["scsireserv"]
        for resource in service.resources
        if "scsireserv" in resource.options
    }
    assert found == expected


def test_a_reservation_of_nothing_is_an_error() -> None:
    assert said("[default]\nscsireserv = true\n[ip#1]\nipname = a\n") == [
        (
            "svc1.env:2: [default] scsireserv: is true, and the service has no disks to reserve "
            "(add a [vmdg], vg#, pool# or disk# section, or say false)"
        )
    ]


def test_a_driver_that_cannot_be_used_leaves_its_keywords_unchecked_and_says_why() -> None:
    service = load(
        "[default]\nnodes = node109 n2\n[container#0]\ntype = broken\nanything = {0}\nanything@n2 = 4\ndisable = true\n"
    )
    container = service.resource("container#0")
    assert container.problem == "driver container.broken failed to load: ImportError('no libbroken')"
    assert container.hint == "mend it"
    assert container.options["anything"] == "{0}"
    assert container.is_disabled


def test_a_file_that_cannot_be_read_is_one_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_service(tmp_path / "vm1.env", make_node(), describe)
    assert [str(problem) for problem in caught.value.problems] == [
        f"{tmp_path}/vm1.env: cannot be read: No such file or directory"
    ]
    (tmp_path / "vm2.env").mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_service(tmp_path / "vm2.env", make_node(), describe)


def test_each_driver_is_asked_about_once_a_file() -> None:
    asked: list[str] = []
    text = "[default]\n" + "".join(f"[ip#{number}]\nipname = a\ntype = guest\n" for number in range(3))
    text += "[container#0]\ntype = kvm\n"

    def counted(driver: str) -> DriverInfo | None:
        asked.append(driver)
        return describe(driver)

    load_service(FILE, make_node(), counted, text=text)
    assert sorted(asked) == ["container.kvm", "ip.guest"]


def test_a_name_that_no_service_can_have_is_a_problem_of_its_file() -> None:
    with pytest.raises(ConfigError, match="'node' names the node's own configuration"):
        load_service(Path("node.env"), make_node(), describe, text="[default]\n")
    assert not problems_of("[default]\n")
