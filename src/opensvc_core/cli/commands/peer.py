"""`osvc peer`: what sshd runs for the key of another node; nobody types it."""

from typing import Annotated

import typer

from opensvc_core.cli.options import new_app

app = new_app()


@app.command(epilog='Example, in root\'s authorized_keys: restrict,command="/opt/opensvc/bin/osvc peer --from node1" …')
def peer(
    origin: Annotated[str, typer.Option("--from", metavar="NODE", help="Whose key it is.")],
) -> int:
    """Answer another node of the cluster. Run by sshd as the forced command of that node's key.

    What the key may do is in docs/reference/peer.md; everything else is refused, and written into log/peer.log.
    """
    from opensvc_core.cli.answering import answer_peer

    return answer_peer(origin)
