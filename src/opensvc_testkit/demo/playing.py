"""What `osvc demo` does: opens a stage, plays a walk on it, says how it went."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from opensvc_testkit.demo.service import SERVICE
from opensvc_testkit.demo.stage import Stage, StageError, open_stage
from opensvc_testkit.demo.walk import INTERRUPTED, WalkError, fail, play, show_output, tell

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

FAILED = 1
TERMINATED = 143
"""Exit status after SIGTERM: 128 and its number."""


def play_simulated(platform: str) -> int:
    """Play on simulated nodes of a platform and give back the exit status."""

    def walk(stage: Stage) -> int:
        from opensvc_testkit.demo import collecting
        from opensvc_testkit.demo.simulation import scenes, simulate

        simulated = simulate(stage.folder, platform)
        tell(simulated.scenery.opening)
        with collecting.open_collector(simulated.stage) as collector:
            play(scenes(simulated), simulated.stage, SERVICE)
            if collector is None:
                tell(collecting.WITHOUT)
            else:
                play(collecting.scenes(), simulated.stage, SERVICE)
                tell("What the collector knows:")
                show_output(collecting.knowledge(collector))
        tell(f"That was all. `osvc demo --platform {platform} --shell` opens a shell on the same node, to try more.")
        return 0

    return _on_stage(walk)


def play_kvm() -> int:
    """Play on a real libvirt and give back the exit status."""
    from opensvc_testkit.demo.libvirt import missing, mount_namespace, run_apart

    reason = missing(os.geteuid())
    if reason:
        fail(reason)
        return FAILED
    program = [sys.executable, "-m", "opensvc_testkit.demo.inside"]
    return _on_stage(lambda stage: run_apart([*program, str(stage.folder), mount_namespace()]))


def open_shell(platform: str) -> int:
    """Run the operator's shell on a simulated node of a platform and give back its exit status."""

    def shell(stage: Stage) -> int:
        from opensvc_testkit.demo.simulation import simulate

        simulated = simulate(stage.folder, platform)
        tell(simulated.scenery.opening)
        tell(
            f"{SERVICE}.env is a service file; `osvc config create {SERVICE} --from {SERVICE}.env` begins. `exit` ends."
        )
        program = os.environ.get("SHELL") or "/bin/sh"
        return subprocess.run(
            [program], cwd=stage.folder, env=simulated.stage.environment(os.environ), check=False
        ).returncode

    return _on_stage(shell)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    # The way out leads through all that has to be cleared away.
    sys.exit(TERMINATED)


def _on_stage(act: Callable[[Stage], int]) -> int:
    signal.signal(signal.SIGTERM, _terminate)
    try:
        with open_stage(Path.cwd()) as stage:
            return act(stage)
    except (StageError, WalkError) as error:
        fail(str(error))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
