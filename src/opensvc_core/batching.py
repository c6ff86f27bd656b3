"""``one_by_one``: makes the batched status hook from a function of one resource."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from opensvc_core.errors import OpenSVCError
from opensvc_core.model import StatusReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from opensvc_core.context import Context
    from opensvc_core.model import Resource, ResourceId


def one_by_one(
    ask: Callable[[Any, Resource, Context], StatusReport],
) -> Callable[[Any, Sequence[Resource], Context], Iterator[tuple[ResourceId, StatusReport]]]:
    """Turn ``status(self, resource, context)`` into the batched hook, for platforms that can only be asked one by one.

    An error that one resource raises makes that one ``undef`` with the error as its note; the others are still asked.
    """

    @wraps(ask)
    def status(self: Any, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        for resource in resources:
            try:
                report = ask(self, resource, context)
            except OpenSVCError as error:
                report = StatusReport.undef(error.message, error.code)
            yield resource.id, report

    # pluggy reads the signature, which `wraps` would show as that of the wrapped function.
    del status.__wrapped__
    return status
