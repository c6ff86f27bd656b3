"""What the test run says of tests that did not run, and that CI does not let the lab go missing."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LAB_THAT_SKIPS = """
    import pytest
    pytestmark = pytest.mark.lab
    def test_needs_root():
        pytest.skip("needs root")
"""
LAB_THAT_RUNS = """
    import pytest
    pytestmark = pytest.mark.lab
    def test_runs():
        pass
"""
LAB_THAT_IS_NOT_COLLECTED = """
    import pytest
    pytest.skip("virsh is missing", allow_module_level=True)
"""
PURE = """
    def test_pure():
        pass
"""


@pytest.fixture
def tree(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A small test tree with the settings of this one."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("OSVC_SEED", raising=False)
    monkeypatch.delenv("OSVC_RUNS", raising=False)
    (pytester.path / "own" / "lab").mkdir(parents=True)
    (pytester.path / "own" / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    pytester.makepyprojecttoml("""
        [tool.pytest.ini_options]
        testpaths = ["own"]
        addopts = ["--import-mode=importlib", "--strict-markers"]
        markers = ["lab: the lab", "wheels: the wheels", "simulated: simulated"]
    """)
    return pytester


def write(tree: pytest.Pytester, **files: str) -> None:
    for name, text in files.items():
        place = tree.path / "own" / ("lab" if name.startswith("lab") else "") / f"test_{name}.py"
        place.write_text("\n".join(line[4:] for line in text.splitlines()))


def run(tree: pytest.Pytester, *words: str) -> pytest.RunResult:
    return tree.runpytest_subprocess("-p", "no:cacheprovider", *words)


def test_a_skipped_lab_is_told_with_its_reason(tree: pytest.Pytester) -> None:
    write(tree, pure=PURE, lab=LAB_THAT_SKIPS)
    result = run(tree)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*tier 0, pure: 1 ran, 0 did not", "*real platforms: 0 ran, 1 did not", "*1 not run: needs root"]
    )


@pytest.mark.parametrize(
    "lab", [LAB_THAT_SKIPS, LAB_THAT_IS_NOT_COLLECTED], ids=["skipped test", "file that took itself out"]
)
def test_on_ci_a_skipped_lab_is_a_failure(tree: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, lab: str) -> None:
    monkeypatch.setenv("CI", "true")
    write(tree, pure=PURE, lab=lab)
    result = run(tree)
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*of the lab did not run: *"])


def test_on_ci_a_lab_that_runs_passes(tree: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    write(tree, pure=PURE, lab=LAB_THAT_RUNS)
    assert run(tree).ret == 0
    assert run(tree, "-m", "not wheels").ret == 0


def test_on_ci_a_whole_run_without_any_lab_is_a_failure(tree: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    write(tree, pure=PURE)
    result = run(tree)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*FAILED: no test of the lab was found*"])


def test_on_ci_a_lab_left_out_of_a_whole_run_is_a_failure(
    tree: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    write(tree, pure=PURE, lab=LAB_THAT_RUNS)
    result = run(tree, "--deselect", "own/lab/test_lab.py::test_runs")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*FAILED: 1 tests of the lab were left out*"])


def test_on_ci_a_run_of_a_few_chosen_tests_asks_for_no_lab(
    tree: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    write(tree, pure=PURE, lab=LAB_THAT_RUNS)
    assert run(tree, "own/test_pure.py").ret == 0
    assert run(tree, "-k", "pure").ret == 0
    assert run(tree, "-m", "not lab").ret == 0


def test_the_header_tells_what_repeats_the_run(tree: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSVC_SEED", "42")
    monkeypatch.setenv("OSVC_RUNS", "3")
    write(
        tree,
        chance="""
    from hypothesis import given, settings, strategies
    drawn = []
    @given(strategies.integers())
    def test_draws(number):
        drawn.append(number)
    def test_draws_as_many_as_asked(osvc_runs, osvc_random):
        assert settings.get_profile("opensvc").max_examples == 300
        assert osvc_runs == 3
        print("DRAWN", sum(drawn), osvc_random.random())
""",
    )
    first, second = run(tree, "-s"), run(tree, "-s")
    first.stdout.fnmatch_lines(["*OSVC_RUNS=3 OSVC_SEED=42*"])
    drawn = [[line for line in result.outlines if "DRAWN" in line] for result in (first, second)]
    assert drawn[0]
    assert drawn[0] == drawn[1]


def test_runs_below_one_are_refused(tree: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSVC_RUNS", "0")
    write(tree, pure=PURE)
    assert run(tree).ret == pytest.ExitCode.USAGE_ERROR
