"""Which backend claims which disk: never both, never none where one can say what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.api import Device
from opensvc_scsi_sg import MpathPersist, SgPersist
from opensvc_scsi_sg.choice import Choice
from tests.opensvc_scsi_sg.stand_ins import KEYED, AnsweringHost, context_on, multipathed

OWN_KEY = (
    "multipaths {",
    " multipath {",
    "  wwid 36000000000000000000000000ab00001",
    "  reservation_key 0xa",
    " }",
    "}",
)


def claimed(choice: Choice, device: Device, os_name: str = "Linux") -> list[str]:
    context = context_on(AnsweringHost(), os_name=os_name)
    backends: dict[str, MpathPersist | SgPersist] = {
        "mpathpersist": MpathPersist(choice),
        "sg_persist": SgPersist(choice),
    }
    return [name for name, backend in backends.items() if backend.claims(device=device, context=context)]


@pytest.mark.parametrize(
    ("path", "conf", "backend"),
    [
        ("/dev/mapper/mpatha", KEYED, "mpathpersist"),
        ("/dev/mapper/mpatha", OWN_KEY, "mpathpersist"),
        ("/dev/mapper/mpatha", ("defaults {", "}"), "sg_persist"),
        ("/dev/mapper/mpatha", (), "sg_persist"),
        # A path of a map is that map, whatever name a volume group has for it.
        ("/dev/sdc", KEYED, "mpathpersist"),
        ("/dev/sdb", KEYED, "sg_persist"),
        ("/dev/sdb", (), "sg_persist"),
        # What is absent or no disk is claimed by the one that says so.
        ("/dev/nosuch", KEYED, "sg_persist"),
        ("/srv/image", KEYED, "sg_persist"),
    ],
)
def test_a_disk_has_one_backend(tmp_path: Path, path: str, conf: tuple[str, ...], backend: str) -> None:
    assert claimed(multipathed(tmp_path).choice(*conf), Device(path)) == [backend]


def test_network_disks_and_other_systems_are_left_to_others(tmp_path: Path) -> None:
    choice = multipathed(tmp_path).choice(*KEYED)
    assert claimed(choice, Device("pool/image", "network")) == []
    for path in ("/dev/sdb", "/dev/mapper/mpatha"):
        assert claimed(choice, Device(path), "HP-UX") == []


def test_the_file_of_a_map(tmp_path: Path) -> None:
    choice = multipathed(tmp_path).choice()
    # There is no such map on the machine that runs the tests: the kernel's own name is taken then.
    assert choice.map_file(Device("/dev/sda")) == "/dev/dm-0"
