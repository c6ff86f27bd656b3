"""The example of `examples/`, as its author would test it."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_testkit.conformance import DriverContract, ScriptedPlatform
from tests.examples.installed import EXAMPLE, LOSETUP
from tests.examples.third_party import ThirdParty

pytestmark = pytest.mark.simulated


class Losetup(ScriptedPlatform):
    """A simulated `losetup`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.write_tool("losetup", LOSETUP.replace('$(dirname "$0")/devices', str(self.files)))

    def options(self, number: int) -> dict[str, str]:
        return {"file": f"/srv/{number}.img"}

    def unknown(self) -> dict[str, str]:
        return {"file": "/srv/nosuch.img"}


class TestLoop(DriverContract):
    driver = "disk.loop"

    @pytest.fixture(autouse=True)
    def _installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """On the path as an installer would put it, from where it lies."""
        point = ThirdParty("opensvc-disk-loop", {"disk.loop": "LoopDevice"})
        for path, text in point.files().items():
            if "dist-info" in path:
                (tmp_path / "site" / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / "site" / path).write_text(text)
        monkeypatch.syspath_prepend(tmp_path / "site")
        monkeypatch.syspath_prepend(EXAMPLE)

    @pytest.fixture
    def platform(self, tmp_path: Path) -> Losetup:
        (tmp_path / "platform").mkdir()
        return Losetup(tmp_path / "platform")
