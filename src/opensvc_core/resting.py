"""Applications that were put to rest before a snapshot: on disk what wakes each one, until that has been run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import asdict, frozen

from opensvc_core.state_files import sync_folder, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.node import Folders


@frozen
class Resting:
    """What is to be run for one resource, in any case.

    Attributes:
        service: name of the service.
        rid: of its replication.
        argv: the command that wakes the application.
        limit: seconds that it has.
        tries: how often it was begun after the run that owed it was killed.
    """

    service: str
    rid: str
    argv: tuple[str, ...]
    limit: float
    tries: int = 0

    @property
    def env(self) -> dict[str, str]:
        """Variables that the command is run with."""
        return {"OPENSVC_SVCNAME": self.service, "OPENSVC_RID": self.rid}


def remember_resting(folders: Folders, resting: Resting) -> None:
    """Write down what is to be run, on disk when it returns. Raises OSError."""
    write_json(_file(folders, resting.service, resting.rid), asdict(resting))


def forget_resting(folders: Folders, resting: Resting) -> None:
    """It has been run. Raises OSError."""
    path = _file(folders, resting.service, resting.rid)
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def read_resting(folders: Folders, service: str) -> tuple[Resting, ...]:
    """What killed runs of a service owe; call it under the service's lock, else it may be that of a run under way.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file is not one that was written here.
    """
    found = []
    for path in sorted(_folder(folders, service).glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        try:
            argv = tuple(str(word) for word in data["argv"])
            found.append(
                Resting(str(data["service"]), str(data["rid"]), argv, float(data["limit"]), int(data["tries"]))
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path}: {error!r}") from error
    return tuple(found)


def is_resting(folders: Folders, service: str) -> bool:
    """Whether anything of a service is owed; yes, too, while a run is between the two commands."""
    return any(_folder(folders, service).glob("*.json"))


def _folder(folders: Folders, service: str) -> Path:
    return folders.var / "resting" / service


def _file(folders: Folders, service: str, rid: str) -> Path:
    return _folder(folders, service) / f"{rid}.json"
