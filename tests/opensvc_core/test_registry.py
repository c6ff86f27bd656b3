"""Which drivers are installed: entry points of real distributions on `sys.path`, loaded by name and no sooner."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from opensvc_core.errors import DriverConflict, DriverContractError, DriverLoadError, DriverNotFound, ExitStatus
from opensvc_core.registry import DRIVERS, OBSERVERS, Listing, Registry
from tests.examples.third_party import ThirdParty

Install = Callable[..., ThirdParty]

ON_IMPORT = """
    from pathlib import Path

    Path(__file__).with_suffix(".imported").touch()


    class Driver:
        pass
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of `sys.path`, forgotten after the test with the modules that came from it."""
    before = set(sys.modules)
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    """`install(name, drivers, source)` puts a distribution there."""

    def put(name: str, drivers: dict[str, str], source: str = ON_IMPORT, version: str = "1.0") -> ThirdParty:
        distribution = ThirdParty(name, drivers, source, version)
        distribution.unpack(site)
        return distribution

    return put


def test_a_listing_says_where_a_driver_comes_from_and_imports_nothing(site: Path, install: Install) -> None:
    install("acme-disks", {"disk.acme": "Driver", "fs.acme": "Driver"}, version="2.5")
    registry = Registry()
    found = [each for each in registry.listings() if each.distribution == "acme-disks"]
    assert found == [
        Listing("disk.acme", "acme-disks", "2.5", "acme_disks:Driver"),
        Listing("fs.acme", "acme-disks", "2.5", "acme_disks:Driver"),
    ]
    assert registry.has("disk.acme")
    assert not (site / "acme_disks.imported").exists()


def test_loading_one_driver_imports_its_module_and_no_other(site: Path, install: Install) -> None:
    install("acme-disks", {"disk.acme": "Driver"})
    install("acme-links", {"ip.acme": "Driver"})
    assert Registry().load("disk.acme").__name__ == "Driver"
    assert (site / "acme_disks.imported").exists()
    assert not (site / "acme_links.imported").exists()


def test_built_in_drivers_come_through_the_same_door() -> None:
    built_in = {each.id for each in Registry().listings() if each.distribution == "opensvc-core"}
    assert built_in == {
        "disk.vmdg",
        "disk.scsireserv",
        "ip.guest",
        "app.launchers",
        "sync.rsync",
        "sync.service_files",
        "sync.system_files",
    }


def test_a_driver_of_ours_that_is_missing_names_the_distribution_to_install() -> None:
    with pytest.raises(DriverNotFound, match=r"container\.ldom is not installed") as caught:
        Registry("opensvc.nobody").load("container.ldom")
    assert caught.value.hint == "pip install opensvc-drivers-solaris"
    assert caught.value.exit_status is ExitStatus.DRIVER


def test_a_driver_that_nobody_knows_is_not_found_and_no_name_is_made_up() -> None:
    assert not Registry().has("disk.unheard")
    with pytest.raises(DriverNotFound) as caught:
        Registry().load("disk.unheard")
    assert "none of OpenSVC's own does" in caught.value.hint


def test_a_driver_that_is_switched_off_counts_as_missing_and_says_why(install: Install) -> None:
    install("acme-disks", {"disk.acme": "Driver", "fs.acme": "Driver"})
    registry = Registry(disabled={"disk.acme"})
    assert not registry.has("disk.acme")
    assert [each.id for each in registry.listings() if each.distribution == "acme-disks"] == ["fs.acme"]
    with pytest.raises(DriverNotFound) as caught:
        registry.load("disk.acme")
    assert "OSVC_DISABLED_DRIVERS" in caught.value.hint


def test_two_distributions_of_one_id_are_both_named_and_neither_is_imported(site: Path, install: Install) -> None:
    install("acme-disks", {"disk.same": "Driver"}, version="1.1")
    install("other-disks", {"disk.same": "Driver"}, version="2.2")
    registry = Registry()
    assert [each.distribution for each in registry.listings() if each.id == "disk.same"] == [
        "acme-disks",
        "other-disks",
    ]
    with pytest.raises(DriverConflict, match=r"acme-disks 1\.1 and other-disks 2\.2"):
        registry.load("disk.same")
    assert not list(site.glob("*.imported"))


def test_a_distribution_that_lies_there_twice_is_one(site: Path, install: Install) -> None:
    """An editable install beside a leftover of an earlier version: the first on the path counts, as for imports."""
    install("acme-disks", {"disk.acme": "Driver"}, version="1.0")
    install("acme-disks", {"disk.acme": "Driver"}, version="2.0")
    assert len([each for each in Registry().listings() if each.id == "disk.acme"]) == 1
    assert Registry().load("disk.acme").__name__ == "Driver"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import a_module_that_is_not_there", "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"),
        ("class Driver", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("assert False, 'not on this platform'", "AssertionError: not on this platform"),
        ("raise SystemExit('needs another Python')", "SystemExit: needs another Python"),
        ("Divers = 1", "AttributeError"),
    ],
)
def test_a_module_that_cannot_be_imported_is_a_load_error_with_its_reason(
    install: Install, source: str, said: str
) -> None:
    install("acme-broken", {"disk.broken": "Driver"}, source)
    install("acme-disks", {"disk.acme": "Driver"})
    registry = Registry()
    with pytest.raises(DriverLoadError) as caught:
        registry.load("disk.broken")
    assert said in caught.value.message
    assert "disk.broken" in caught.value.message
    assert "acme-broken" in caught.value.message
    assert registry.load("disk.acme").__name__ == "Driver", "others are not touched by it"


def test_a_good_driver_of_a_distribution_loads_while_another_of_it_does_not(install: Install) -> None:
    install("acme-disks", {"disk.acme": "Driver", "disk.gone": "NotThere"})
    registry = Registry()
    with pytest.raises(DriverLoadError, match="NotThere"):
        registry.load("disk.gone")
    assert registry.load("disk.acme").__name__ == "Driver"


def test_an_entry_point_must_be_a_class(install: Install) -> None:
    install("acme-disks", {"disk.acme": "Driver"}, "def Driver(): ...")
    with pytest.raises(DriverContractError, match=r"disk\.acme .*acme-disks.*not a class"):
        Registry().load("disk.acme")


@pytest.mark.parametrize("made_for", ["99", "0", "'1'", "None"])
def test_a_driver_for_another_version_of_the_api_is_refused(install: Install, made_for: str) -> None:
    install("acme-disks", {"disk.acme": "Driver"}, f"class Driver:\n    api_version = {made_for}")
    with pytest.raises(DriverLoadError, match=f"made for API version {made_for.strip(chr(39))}") as caught:
        Registry().load("disk.acme")
    assert "acme-disks" in caught.value.hint


def test_groups_are_kept_apart(site: Path) -> None:
    ThirdParty("acme-eyes", {"watcher": "Driver"}, ON_IMPORT, group=OBSERVERS).unpack(site)
    assert Registry(OBSERVERS).has("watcher")
    assert Registry(OBSERVERS).load("watcher").__name__ == "Driver"
    assert not Registry().has("watcher")
    assert not Registry(OBSERVERS).has("ip.guest")


def test_nothing_is_read_from_or_written_to_a_cache_in_somebodys_home(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    install("acme-disks", {"disk.acme": "Driver"})
    Registry().load("disk.acme")
    assert list(home.iterdir()) == []


def test_a_second_thread_never_sees_a_half_of_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    registry, seen = Registry(), []
    entries = [EntryPoint(f"disk.{letter}", "module:Class", DRIVERS) for letter in "ab"]
    first = threading.current_thread()

    def found(*, group: str) -> Iterator[EntryPoint]:
        assert group == DRIVERS
        yield entries[0]
        if threading.current_thread() is first:
            other = threading.Thread(target=lambda: seen.append(registry.names))
            other.start()
            other.join()
        yield entries[1]

    monkeypatch.setattr("opensvc_core.registry.entry_points", found)
    assert registry.has("disk.a")
    assert [registry.names, *seen] == [("disk.a", "disk.b")] * 2
