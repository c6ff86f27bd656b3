"""`ip.host` over a simulated `ip` whose only interface has its addresses in a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from opensvc_testkit.conformance import DriverContract, Platform, ScriptedPlatform
from tests.opensvc_drivers_linux.test_host_address import OWN, StandInSegment, link

pytestmark = pytest.mark.simulated

IP = """
import json, pathlib
table = pathlib.Path({table!r})
links = json.loads(table.read_text())
known = links[0]["addr_info"]
match sys.argv[1:]:
    case ["-j", "addr", "show"]:
        print(json.dumps(links))
    case ["addr", "add", address, *_]:
        local, _, prefix = address.partition("/")
        known.append({{"family": "inet", "local": local, "prefixlen": int(prefix), "secondary": True}})
    case ["addr", "del", address, *_]:
        known[:] = [each for each in known if each["local"] != address.partition("/")[0]]
    case words:
        sys.exit(f"simulated ip: not known: {{words}}")
table.write_text(json.dumps(links))
"""


class Addresses(ScriptedPlatform):
    """A node with 10.77.0.1/24 on `br0`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        table = self.files / "links.json"
        table.write_text(json.dumps([link("br0", OWN)]))
        self.write_tool("ip", f"#!{sys.executable} -ISE\nimport sys\n{IP.format(table=str(table))}")

    def options(self, number: int) -> dict[str, str]:
        return {"ipname": f"10.77.0.{50 + number}", "ipdev": "br0", "netmask": "24", "start_timeout": "5s"}

    def unknown(self) -> dict[str, str]:
        return {"ipname": "10.78.0.9", "ipdev": "nosuch0"}


class TestHostAddress(DriverContract):
    driver = "ip.host"

    @pytest.fixture
    def platform(self, tmp_path: Path) -> Addresses:
        return Addresses(tmp_path)

    def make_driver(self, made: type[Any], platform: Platform) -> object:
        return made(segment=StandInSegment())
