"""What the first command of a process imports, and that nothing is missing afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from opensvc_core.host.starting import put_off

SHOW = """
import sys
from opensvc_core.clock import Cancel
from opensvc_core.host import Command
from opensvc_core.host.local import LocalHost
print(LocalHost("node1", "/usr/bin:/bin").execute(Command(("echo", "said"), timeout=20), Cancel()).stdout.strip())
print(sorted({"http", "ssl", "urllib.request"} & set(sys.modules)))
from plumbum import local
print(local.path("/a b").as_uri())
import urllib.request
print(urllib.request.pathname2url("/a b"), urllib.request.__spec__.name)
"""
FIRST = """
import platform
from opensvc_core.clock import Cancel
from opensvc_core.host import Command
from opensvc_core.host.local import LocalHost
print(LocalHost("node1", "/usr/bin:/bin").execute(Command(("echo", "said"), timeout=20), Cancel()).stdout.strip())
print("processor" not in vars(platform.uname()))
"""
WHILE = """
import sys
from opensvc_core.host.starting import put_off
with put_off("xml.sax"):
    import xml.sax as first
    import xml
    print(xml.sax is first, hasattr(first, "__path__"), xml.sax.SAXException.__name__)
    import xml.sax as second
print(first.parse is second.parse, second is sys.modules["xml.sax"], second is xml.sax)
with put_off("xml.dom"):
    import xml.dom
print(hasattr(xml, "dom"), "xml.dom" in sys.modules)
import xml.dom
print(xml.dom.Node.__name__)
"""


def told(script: str, path: str = "/usr/bin:/bin") -> list[str]:
    """What a process of its own prints."""
    env = {**os.environ, "PATH": path}
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()


def test_the_first_command_imports_no_http_and_what_needs_it_gets_it() -> None:
    assert told(SHOW) == ["said", "[]", "file:///a%20b", "/a%20b urllib.request"]


def test_who_asks_for_something_of_the_module_meanwhile_gets_it() -> None:
    assert told(WHILE) == ["True False SAXException", "True True True", "False False", "Node"]


def test_the_first_command_is_the_only_one(tmp_path: Path) -> None:
    (tmp_path / "uname").write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\n")
    (tmp_path / "uname").chmod(0o755)
    assert told(FIRST, path=f"{tmp_path}:/usr/bin:/bin") == ["said", "True"]
    assert not (tmp_path / "asked").exists()


def test_what_was_imported_before_is_left_alone() -> None:
    with put_off("urllib.request"):
        assert sys.modules["urllib.request"] is urllib.request
    assert sys.modules["urllib.request"] is urllib.request
