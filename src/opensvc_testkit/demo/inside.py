"""Plays the walk on a real libvirt, once the namespaces are there; a program started by `osvc demo --kvm`."""

from __future__ import annotations

import sys
from pathlib import Path

from opensvc_testkit.demo.kvm import OPENING, SCENES, prepare
from opensvc_testkit.demo.libvirt import mount_namespace, start_libvirtd
from opensvc_testkit.demo.service import SERVICE
from opensvc_testkit.demo.stage import Stage, StageError
from opensvc_testkit.demo.walk import INTERRUPTED, WalkError, fail, play, tell


def main(folder: str, outside: str) -> int:
    """Play it and give back the exit status.

    Args:
        folder: of the stage.
        outside: the namespace of mounts that this must not run in.
    """
    stage = Stage(Path(folder))
    if mount_namespace() == outside:
        # Here it would cover folders of the machine.
        fail("the namespaces were not made")
        return 1
    try:
        tell(OPENING)
        prepare(stage)
        start_libvirtd()
        play(SCENES, stage, SERVICE)
    except (StageError, WalkError) as error:
        fail(str(error))
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
