"""Live migration of a guest to another node, by ``xl migrate`` or ``xm migrate --live``."""

from __future__ import annotations

from opensvc_core.api import ActionError, Context, Outcome, Resource, Status, Undetermined, guest_name
from opensvc_drivers_xen.domains import toolstack_of
from opensvc_drivers_xen.parse import said


def migrate(resource: Resource, peer: str, context: Context) -> Outcome:
    """Move a running guest to a peer.

    Raises:
        ActionError: it does not run here, or still does; or that cannot be told.
    """
    name, tools = guest_name(resource), toolstack_of(resource, context)
    before = tools.state(name)
    if before.status is Status.UNDEF:
        raise ActionError(f"cannot tell whether {name} runs: {before.reason}", code="container_undef")
    if before.status is not Status.UP:
        raise ActionError(f"{name} cannot be migrated: {before.reason}", code="container_not_up")
    limit = resource.seconds("migrate_timeout")
    result = tools.attempt("migrate", name, peer, xm=("migrate", "--live", name, peer), timeout=limit)
    tool = result.argv[0]
    if not result.is_made:
        raise Undetermined(f"the rest depends on {name} being on {peer}")
    after = tools.state(name)
    if after.is_passing:
        context.wait_until(lambda: not tools.state(name).is_passing, f"{name} to be gone from here", limit)
        after = tools.state(name)
    reason = said(result.stderr, result.stdout) or f"{tool} ended with status {result.rc} and said nothing"
    if result.rc == 0 and after.status is Status.DOWN:
        return Outcome.changed(f"{name} migrated to {peer}")
    if after.status is Status.UP:
        raise ActionError(f"{name} was not migrated to {peer} and still runs here: {reason}", code="not_migrated")
    raise ActionError(
        f"the migration of {name} to {peer} did not end well ({reason}), and here it is {after.reason}",
        code="not_migrated",
        hint=f"look at both nodes ({tool} list) before anything is started",
    )
