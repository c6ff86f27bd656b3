"""How a call can fail, by what is to be done with the record that it carried."""

from __future__ import annotations

from opensvc_core.api import OpenSVCError


class CollectorError(OpenSVCError):
    """A call did not do what it should."""

    code = "collector"


class Unreachable(CollectorError):
    """Nobody answered, not in time, or not as a collector does: try the same again later."""

    code = "collector_unreachable"


class Unresolved(Unreachable):
    """The collector's name does not resolve, or to this node itself: there may be none at all."""

    code = "collector_unresolved"


class Refused(CollectorError):
    """The collector answered, and did not take this record: it may never."""

    code = "collector_refused"


class NotRegistered(CollectorError):
    """The collector does not know this node: nothing is taken until it is registered."""

    code = "collector_not_registered"
