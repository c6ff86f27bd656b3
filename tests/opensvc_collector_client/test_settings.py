"""What `node.conf` says of the collector."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_collector_client.jobs import list_jobs
from opensvc_collector_client.settings import KEYWORDS, read_settings
from opensvc_core.api import ConfigError
from tests.opensvc_collector_client.node import make_node

PATH = "/init/default/call/xmlrpc"


@pytest.mark.parametrize(
    ("settings", "url", "source"),
    [
        ("", f"http://dbopensvc:80{PATH}", "default"),
        ("[collector]\nurl = c1\n", f"http://c1{PATH}", "[collector] url"),
        ("[collector]\nurl = c1:8080\n", f"http://c1:8080{PATH}", "[collector] url"),
        ("[collector]\nurl = https://c1/\n", f"https://c1{PATH}", "[collector] url"),
        ("[collector]\nurl = https://c1/rpc\n", "https://c1/rpc", "[collector] url"),
        ("[collector]\ndbopensvc = c2\n", f"http://c2{PATH}", "[collector] dbopensvc"),
        ("[node]\ndbopensvc = http://c3:80/x\n", "http://c3:80/x", "[node] dbopensvc"),
        ("[node]\ndbopensvc = c3\n[collector]\nurl = c1\n", f"http://c1{PATH}", "[collector] url"),
        ("[collector]\nurl =\n", "", "[collector] url"),
        ("[collector]\nurl = http://[::1]:81/rpc\n", "http://[::1]:81/rpc", "[collector] url"),
    ],
)
def test_where_the_collector_is(settings: str, url: str, source: str, tmp_path: Path) -> None:
    read = read_settings(make_node(tmp_path, settings).node)
    assert (read.url, read.source) == (url, source)
    assert (read.address is None) == (url == "")


@pytest.mark.parametrize("text", ["127.0.0.1", "http://127.0.0.1", f"http://127.0.0.1{PATH}", ""])
def test_what_means_no_collector(text: str, tmp_path: Path) -> None:
    node = make_node(tmp_path, f"[collector]\nurl = {text}\n").node
    assert read_settings(node).address is None
    assert list_jobs(node) == ()


def test_a_collector_of_this_machine_is_one_if_its_port_is_said(tmp_path: Path) -> None:
    node = make_node(tmp_path, "[collector]\nurl = http://127.0.0.1:8080/\ntimeout = 1m\nauthorities = /a\n").node
    read = read_settings(node)
    assert read.address is not None
    assert (read.address.port, read.timeout, read.authorities) == (8080, 60.0, "/a")
    assert [job.name for job in list_jobs(node)] == ["collector.statuses", "collector.daily"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("url = ftp://c1/", "no address of a collector"),
        ("url = http://user:secret@c1/", "neither a user nor a password"),
        ("url = http://c1:99999/", "Port out of range"),
        ("url = http://c1/a b", "no request can carry"),
        ("timeout = soon", "soon"),
        ("timeout = 0", "not more than 0"),
        ("timeout = 1h", "at most 10 minutes"),
        ("ur = c1", "is no setting of the collector"),
    ],
)
def test_what_is_wrong_is_told(settings: str, told: str, tmp_path: Path) -> None:
    node = make_node(tmp_path, f"[collector]\n{settings}\n").node
    with pytest.raises(ConfigError, match=told):
        read_settings(node)
    assert all(told in job.off for job in list_jobs(node))


def test_every_setting_stands_in_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "node-conf.md").read_text()
    assert {word for word in KEYWORDS if f"`{word}`" not in page} == set()
