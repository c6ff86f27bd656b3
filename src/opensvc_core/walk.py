"""Steps that are walked in the order of their edges."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from attrs import Factory, define, field

if TYPE_CHECKING:
    from opensvc_core.plan import Step
    from opensvc_core.run import StepResult


@define
class Walk:
    """Steps, which of them may begin now, and how they ended.

    Attributes:
        steps: by id.
        is_way_back: whether they take back what a run did.
        ready: ids of those that wait for nothing and have not begun.
        results: by id, of those that have ended or will never begin.
    """

    steps: dict[str, Step]
    is_way_back: bool
    ready: list[str] = Factory(list)
    results: dict[str, StepResult] = Factory(dict)
    _sorter: TopologicalSorter[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Find those that wait for nothing."""
        self._sorter = TopologicalSorter(
            {key: [other for other in step.requires if other in self.steps] for key, step in self.steps.items()}
        )
        self._sorter.prepare()
        self._refill()

    @property
    def unconcluded(self) -> list[Step]:
        """Steps without a result, in the order of the plan."""
        return [step for step in self.steps.values() if step.id not in self.results]

    def release(self, step_id: str) -> None:
        """Let what waits for a step begin."""
        self._sorter.done(step_id)
        self._refill()

    def _refill(self) -> None:
        self.ready.extend(sorted(self._sorter.get_ready()) if self._sorter.is_active() else ())
