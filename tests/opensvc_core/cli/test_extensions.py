"""Commands of other distributions: found by entry point, only when asked for, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.errors import ExitStatus
from tests.opensvc_core.cli.conftest import NodeFolder

pytestmark = pytest.mark.simulated

HELLO = '''
"""A command of another distribution."""
import typer

print("loaded!")
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def hello(name: str, status: int = 0) -> int:
    """Say hello."""
    print(f"hello {name}")
    return status
'''


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A folder with a distribution installed in it."""
    folder = tmp_path / "other"
    info = folder / "opensvc_hello-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: opensvc-hello\nVersion: 1.2\n")
    good, bad = ("hello", "version", "node.hello"), ("broken", "node.sick")
    points = [f"{name} = opensvc_hello:app" for name in good] + [f"{name} = opensvc_broken:app" for name in bad]
    (info / "entry_points.txt").write_text("\n".join(["[opensvc.commands]", *points, ""]))
    (folder / "opensvc_hello.py").write_text(HELLO)
    return folder


def test_its_command_runs_and_ends_with_its_status(node: NodeFolder, other: Path) -> None:
    done = node.call("hello", "vm188", "--status", "5", PYTHONPATH=str(other))
    assert (done.returncode, done.stdout) == (5, "loaded!\nhello vm188\n")
    assert "Say hello" in node.call("hello", "-h", PYTHONPATH=str(other)).stdout


def test_its_errors_look_like_all_others(node: NodeFolder, other: Path) -> None:
    done = node.call("hello", PYTHONPATH=str(other))
    assert done.returncode == ExitStatus.USAGE
    assert done.stderr.startswith("error: Missing argument")
    assert "hint: `osvc hello --help`" in done.stderr


def test_nothing_of_it_is_imported_unasked_and_own_verbs_win(node: NodeFolder, other: Path) -> None:
    for words in (["--help"], ["version"], ["commands"], ["driver", "list"]):
        done = node.call(*words, PYTHONPATH=str(other))
        assert done.returncode == 0
        assert "loaded!" not in done.stdout
    assert "hello\topensvc-hello\t1.2" in node.call("commands", PYTHONPATH=str(other)).stdout.splitlines()


def test_one_that_cannot_be_imported_fails_alone(node: NodeFolder, other: Path) -> None:
    done = node.call("broken", PYTHONPATH=str(other))
    assert done.returncode == ExitStatus.DRIVER
    assert "ModuleNotFoundError" in done.stderr
    assert node.call("status", PYTHONPATH=str(other)).returncode == 0


def test_a_broken_subcommand_of_the_node_leaves_the_others_alone(node: NodeFolder, other: Path) -> None:
    for words in ([], ["--help"], ["now", "--bogus"]):
        done = node.call("node", "sick", *words, PYTHONPATH=str(other))
        assert (done.returncode, "opensvc_broken" in done.stderr) == (ExitStatus.DRIVER, True)
    assert node.call("node", "prkey", PYTHONPATH=str(other)).returncode == 0
    assert node.call("node", "hello", "hello", "vm188", PYTHONPATH=str(other)).stdout.endswith("hello vm188\n")
    assert "Cannot be loaded" in node.call("node", "--help", PYTHONPATH=str(other)).stdout


def test_a_misspelt_one_is_suggested(node: NodeFolder, other: Path) -> None:
    assert "did you mean `osvc hello`?" in node.call("helo", PYTHONPATH=str(other)).stderr
