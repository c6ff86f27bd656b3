"""Which copy of a service's data, or of its file, is newer: generations, ordered by descent and never by a clock."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from opensvc_core.errors import ActionError
from opensvc_core.state_files import CLOSED_ON_EXEC, NO_LINK, make_folder, write_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from opensvc_core.node import Folders

KEPT_MARKS = 256
"""Marks of its past that a generation carries along; what is older than all of them is ordered by its number alone."""


class GenerationError(ActionError):
    """A generation is written down and cannot be read: whether a copy is old or new cannot be told."""

    code = "generation_unknown"


@frozen(order=True)
class Mark:
    """One step of a history: somebody began to write.

    Attributes:
        number: one more than that of the mark before.
        id: what no other mark has: of data the run that started the service, of a file the digest of its text.
        node: where it was made.
    """

    number: int
    id: str
    node: str = field(order=False, eq=False)


@frozen
class Generation:
    """A copy's place in its history.

    Attributes:
        marks: of its past, oldest first, the last one its own; none for a copy that nobody ever wrote to.
    """

    marks: tuple[Mark, ...] = ()

    @property
    def number(self) -> int:
        """How often it was begun to be written; 0 for never."""
        return self.marks[-1].number if self.marks else 0

    @property
    def id(self) -> str:
        """What names this very generation, empty for 0."""
        return self.marks[-1].id if self.marks else ""

    @property
    def node(self) -> str:
        """Where it was begun, empty for 0."""
        return self.marks[-1].node if self.marks else ""

    def next(self, node: str, mark_id: str, others: Iterable[Generation] = ()) -> Generation:
        """The generation that begins when ``node`` begins to write now: it descends from this one, and from others."""
        past = sorted({*self.marks, *(mark for other in others for mark in other.marks)})
        number = past[-1].number if past else 0
        return Generation((*past, Mark(number + 1, mark_id, node))[-KEPT_MARKS:])

    def __str__(self) -> str:
        """For an operator: ``generation 7 of node1``."""
        return f"generation {self.number} of {self.node}" if self.marks else "no generation yet"


NEVER = Generation()
"""Of a copy that nobody ever wrote to."""


class Order(Enum):
    """Where one copy stands to another."""

    SAME = "same"
    AHEAD = "ahead"
    """It descends from the other, which may be replaced by it."""
    BEHIND = "behind"
    """The other descends from it."""
    DIVERGED = "diverged"
    """Both were written to since they were the same: two histories, and nobody but a person can choose."""


def compare(mine: Generation, other: Generation) -> Order:
    """Where ``mine`` stands to ``other``."""
    if mine.id == other.id:
        return Order.SAME
    if _descends(mine, other):
        return Order.AHEAD
    return Order.BEHIND if _descends(other, mine) else Order.DIVERGED


def _descends(later: Generation, earlier: Generation) -> bool:
    if not earlier.marks:
        return True
    if not later.marks or later.number <= earlier.number:
        return False
    is_beyond_memory = len(later.marks) >= KEPT_MARKS and earlier.number < later.marks[0].number
    return is_beyond_memory or earlier.marks[-1] in later.marks


def shared(others: Iterable[Generation], sharers: Collection[str]) -> tuple[Generation, ...]:
    """Of what nodes tell, that of the very data that these nodes share on disks: what another one began is a copy's."""
    return tuple(other for other in others if other.node in sharers)


# -- documents --------------------------------------------------------------------------------------------------------


def generation_out(generation: Generation) -> list[list[Any]]:
    """As JSON, for files and peers."""
    return [[mark.number, mark.id, mark.node] for mark in generation.marks]


def generation_in(document: Any) -> Generation:
    """From JSON. Raises ValueError, TypeError for what is none."""
    marks = tuple(Mark(_whole(number), _text(mark_id), _text(node)) for number, mark_id, node in document)
    numbers = [mark.number for mark in marks]
    if numbers and (numbers[0] < 1 or numbers != sorted(numbers) or numbers[-1] in numbers[:-1]):
        raise ValueError("numbers that do not follow one another")
    if not all(mark.id for mark in marks):
        raise ValueError("a mark without an id")
    return Generation(marks[-KEPT_MARKS:])


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


# -- data -------------------------------------------------------------------------------------------------------------


@frozen
class DataCopy:
    """What a node knows of its copy of a service's data.

    Attributes:
        generation: of the copy.
        incomplete: rids of the replications that were begun into it and not ended, with the node that they come from:
            what they have replaced so far is of another time than the rest.
    """

    generation: Generation = NEVER
    incomplete: Mapping[str, str] = field(factory=dict, hash=False)


def data_file(folders: Folders, service: str) -> Path:
    """Where the generation of a service's data is kept."""
    return folders.var / "sync" / f"{service}.json"


def read_data(folders: Folders, service: str) -> DataCopy:
    """What this node knows of its copy; nothing written down is a copy that nobody ever wrote to.

    Raises:
        GenerationError: something is written down, and cannot be read.
    """
    document = _read(data_file(folders, service))
    if document is None:
        return DataCopy()
    try:
        incomplete = {_text(rid): _text(node) for rid, node in document["incomplete"].items()}
        return DataCopy(generation_in(document["marks"]), incomplete)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(data_file(folders, service), error) from error


def raise_data(
    folders: Folders,
    service: str,
    *,
    node: str,
    mark_id: str,
    others: Iterable[Generation] = (),
    sharers: Collection[str] = (),
) -> Generation:
    """Begin a new generation of a service's data, as a start on this node does before anything can write.

    Args:
        folders: of this node.
        service: name of the service.
        node: name of this node.
        mark_id: what names the generation: the run.
        others: what other nodes said of theirs.
        sharers: the nodes whose data are the same as this node's, on shared disks.

    Raises:
        GenerationError: that of the copy here cannot be read.
        OSError: it cannot be written.
    """
    with _turn(folders, service):
        copy = read_data(folders, service)
        if copy.generation.id != mark_id:
            raised = copy.generation.next(node, mark_id, shared(others, sharers))
            # What was cut is the copy now: whoever starts it has been told so.
            copy = DataCopy(raised)
            _write_data(folders, service, copy)
    return copy.generation


def begin_receiving(folders: Folders, service: str, rids: Iterable[str], source: str) -> None:
    """Note that replications into the copy of this node begin. Raises GenerationError, OSError."""
    with _turn(folders, service):
        copy = read_data(folders, service)
        _write_data(folders, service, evolve(copy, incomplete={**copy.incomplete, **dict.fromkeys(rids, source)}))


def end_receiving(folders: Folders, service: str, rid: str, generation: Generation) -> DataCopy:
    """Note that a replication into this node has ended well: its copy is of the sender's generation now.

    Raises:
        GenerationError, OSError: it cannot be read, or written.
    """
    with _turn(folders, service):
        copy = read_data(folders, service)
        left = {key: node for key, node in copy.incomplete.items() if key != rid}
        follows = compare(generation, copy.generation) in {Order.SAME, Order.AHEAD}
        copy = DataCopy(generation if follows else copy.generation, left)
        _write_data(folders, service, copy)
    return copy


def discard_data(folders: Folders, service: str) -> None:
    """Give this node's copy up: any other is newer from now on. Also mends what cannot be read. Raises OSError."""
    with _turn(folders, service):
        _write_data(folders, service, DataCopy())


def _write_data(folders: Folders, service: str, copy: DataCopy) -> None:
    write_json(
        data_file(folders, service),
        {
            "generation": copy.generation.number,
            "node": copy.generation.node,
            "marks": generation_out(copy.generation),
            "incomplete": dict(copy.incomplete),
        },
    )


# -- the service file -------------------------------------------------------------------------------------------------


def digest_of(text: bytes) -> str:
    """What names a text of a service file."""
    return hashlib.sha256(text).hexdigest()


def config_file(folders: Folders, service: str) -> Path:
    """Where the generation of a service's file is kept; no service has a name that ends with ``.conf``."""
    return folders.var / "sync" / f"{service}.conf.json"


def read_config(folders: Folders, service: str, text: bytes, node: str) -> Generation:
    """The generation of a service file with that text on this node; one that was edited since is a new one.

    Nothing is written: what has changed is written down by ``keep_config``. Raises GenerationError.
    """
    path = config_file(folders, service)
    document = _read(path)
    if document is None:
        return NEVER.next(node, digest_of(text))
    try:
        known = generation_in(document["marks"])
        given_up = document.get("given_up")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, error) from error
    digest = digest_of(text)
    if given_up == digest:
        return NEVER
    return known if known.id == digest else known.next(node, digest)


def keep_config(folders: Folders, service: str, generation: Generation) -> None:
    """Write down the generation of a service file. Raises OSError."""
    document = {"generation": generation.number, "node": generation.node, "marks": generation_out(generation)}
    with _turn(folders, service):
        write_json(config_file(folders, service), document)


def discard_config(folders: Folders, service: str, text: bytes) -> None:
    """Give this node's service file up, as it stands: any other is newer. An edit takes that back. Raises OSError."""
    with _turn(folders, service):
        write_json(
            config_file(folders, service), {"generation": 0, "node": "", "marks": [], "given_up": digest_of(text)}
        )


# -- files ------------------------------------------------------------------------------------------------------------


def _read(path: Path) -> dict[str, Any] | None:
    """The document of a file, ``None`` if there is no such file. Raises GenerationError."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    if not isinstance(document, dict):
        raise _damaged(path, TypeError("no object"))
    return document


def _damaged(path: Path, error: Exception) -> GenerationError:
    return GenerationError(
        f"{path} cannot be read, so whether the copy here is old or new cannot be told: {error}",
        hint="if the copy of another node is the good one, `osvc sync discard NAME` here gives this one up",
    )


@contextmanager
def _turn(folders: Folders, service: str) -> Iterator[None]:
    """One at a time reads and writes them: sessions of several peers and a run may be at it. Raises OSError."""
    folder = folders.var / "sync"
    make_folder(folder)
    descriptor = os.open(folder / f".{service}.turn", os.O_RDWR | os.O_CREAT | CLOSED_ON_EXEC | NO_LINK, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
