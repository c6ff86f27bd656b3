"""The demo on a real libvirt: it plays to its end and leaves nothing on this machine."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

OSVC = str(Path(sysconfig.get_path("scripts")) / "osvc")
SECONDS = 100


def processes_naming(folder: Path) -> list[str]:
    """Command lines of processes of this machine, those in other namespaces too, that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(str(folder) in word for word in words):
            found.append(" ".join(words))
    return found


def test_the_demo_plays_on_a_libvirt_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "opensvc"\n')
    done = subprocess.run(
        [OSVC, "demo", "--kvm"],
        cwd=tmp_path,
        env={**os.environ, "OSVC_ROOT": "/nowhere"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.lstrip().startswith("REAL:")
    assert "vm188: start failed: 1 step taken back" in done.stdout
    assert "stop vm188/container#0 (way back): done" in done.stderr
    assert "vm188 shut down" in done.stderr, "the guest switched itself off, nobody took its power away"
    assert "by force" not in done.stderr
    assert processes_naming(tmp_path) == []
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
