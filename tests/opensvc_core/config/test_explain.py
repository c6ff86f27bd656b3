"""Where each value comes from."""

from __future__ import annotations

import pytest

from opensvc_core.config.explain import NO_EFFECT, Origin, Setting, explain
from opensvc_core.errors import ConfigError
from tests.opensvc_core.config.files import COOKBOOK, FILE, describe, make_node


def explained(text: str) -> dict[tuple[str, str], Setting]:
    settings = explain(FILE, make_node(), describe, text=text)
    found = {(setting.section, setting.keyword): setting for setting in settings}
    assert len(found) == len(settings)
    return found


def test_each_value_has_its_origin_line_and_scope() -> None:
    text = COOKBOOK.replace("hpvm", "kvm") + "[ip#2]\nipname = b\nipdev@Nodes = lan1\ndisable = true\n"
    text = text.replace("app = ERP", "container_cpus = 0-2")
    found = explained(text)
    assert found["default", "vm_name"] == Setting("default", "vm_name", "vm188", Origin.FILE, 2)
    assert found["default", "container_cpus"] == Setting(
        "default", "container_cpus", "0-2", Origin.FILE, 3, note=NO_EFFECT
    )
    assert found["default", "scsireserv"] == Setting("default", "scsireserv", False, Origin.DEFAULT)
    assert ("default", "presnap_trigger") not in found
    assert found["container#0", "driver"] == Setting("container#0", "driver", "container.kvm", Origin.IMPLIED)
    assert found["container#0", "name"] == Setting("container#0", "name", "vm188", Origin.INHERITED, 2)
    assert found["container#0", "start_timeout"] == Setting("container#0", "start_timeout", 240.0, Origin.DEFAULT)
    assert found["ip#1", "ipname"] == Setting("ip#1", "ipname", "vm188", Origin.FILE, 13)
    assert found["ip#1", "container"] == Setting("ip#1", "container", "container#0", Origin.IMPLIED)
    assert found["ip#2", "ipdev"] == Setting("ip#2", "ipdev", "lan1", Origin.FILE, 20, "nodes")
    assert found["ip#2", "disable"] == Setting("ip#2", "disable", True, Origin.FILE, 21)
    assert ("ip#1", "disable") not in found


def test_what_follows_from_elsewhere_says_so() -> None:
    found = explained("[default]\nscsireserv = true\n[container#0]\ntype = xen\nmemory = 1\n[subset#g]\n[vmdg]\n")
    assert found["container#0", "driver"].note == "driver container.xen is not installed"
    assert found["container#0", "driver"].line == 4
    assert found["container#0", "name"] == Setting("container#0", "name", "svc1", Origin.IMPLIED)
    assert found["container#0", "memory"] == Setting("container#0", "memory", "1", Origin.FILE, 5)
    assert found["container#0", "scsireserv"] == Setting("container#0", "scsireserv", False, Origin.DEFAULT)
    assert found["vmdg", "scsireserv"] == Setting("vmdg", "scsireserv", True, Origin.INHERITED, 2)
    assert found["subset#g", "parallel"] == Setting("subset#g", "parallel", False, Origin.DEFAULT)


def test_a_file_with_problems_is_not_explained() -> None:
    with pytest.raises(ConfigError, match="there is no \\[default\\] section"):
        explain(FILE, make_node(), describe, text="")
