"""Every page: its examples do what it shows, its links lead somewhere, and what is not tested says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_testkit.demo.service import cookbook
from opensvc_testkit.demo.simulation import simulate
from tests.docs.pages import LANGUAGES, NOT_RUN, ROOT, blocks, headings, links, pages, run_page

every_page = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))


@pytest.mark.simulated
@every_page
def test_examples_do_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    stage = simulate(tmp_path, boot_time=0.1, shutdown_time=0.1).stage
    run_page(page, tmp_path, stage.variables(path=""))


def test_the_tutorial_shows_the_service_file_of_the_demo() -> None:
    assert f"```ini\n# vm188.env\n{cookbook('kvm')}```" in (ROOT / "docs" / "tutorial" / "first-service.md").read_text()


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for name, heading in links(page):
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name} links to {name}"
        assert not heading or heading in headings(target), f"{page.name} links to {name}#{heading}"


@every_page
def test_blocks_are_run_or_say_that_they_are_not(page: Path) -> None:
    for block in blocks(page):
        assert block.language in LANGUAGES, f"line {block.line}: a block has a language: {sorted(LANGUAGES)}"
        if block.language == "sh":
            assert NOT_RUN in block.above, f"line {block.line}: the paragraph above says {NOT_RUN!r}"


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.name)
def test_a_page_is_reached_from_the_index(page: Path) -> None:
    index = ROOT / "docs" / "index.md"
    reached, todo = set[Path](), [index]
    while todo:
        each = todo.pop()
        reached.add(each)
        near = {(each.parent / name).resolve() for name, _ in links(each) if name.endswith(".md")}
        todo += [next_page for next_page in near if next_page.exists() and next_page not in reached]
    assert page in reached
