"""Every block of code in README.md, CONTRIBUTING.md and docs/*.md runs.

`python` blocks of a page run one after another and share their names; a block whose first line is
a path is a file. `sh` blocks run line by line, as `tests.docs.project` says. A block that the suite
cannot run has a line `<!-- not run: reason -->` above it and is a skipped test here, so that
`pytest -rs` lists it with its reason. `bash` blocks of docs/clusters.md and docs/slurm.md are run
by `make test-cluster`, blocks of docs/extending.md by `test_recipes` and `tests/install`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jaxtyping
import pytest

from nvp.planning.plan import make_plan
from tests.conftest import ROOT
from tests.docs.pages import PAGES, Block, blocks
from tests.docs.project import STUDY, cut, cut_file, make_project, run_line
from tests.small_studies import load

BLOCKS = [block for page in PAGES for block in blocks(page)]
UNRUN = [block for block in BLOCKS if block.reason is not None]
ELSEWHERE = {"docs/clusters.md": "bash", "docs/slurm.md": "bash", "docs/extending.md": "diff"}
RECIPES = ROOT / "docs/extending.md"


@pytest.fixture(scope="module")
def trial() -> str:
    """Return the name of a trial of the study that the pages talk about."""
    design = cut(load(ROOT / "studies/sgd_noise.py").STUDY.quick)
    return next(iter(make_plan(design).trials))


@pytest.fixture(scope="module")
def project(trial: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder in which two studies have been run, and go there."""
    folder = tmp_path_factory.mktemp("project")
    jaxtyping.config.update("jaxtyping_disable", True)  # it stops the tracing of an export
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NVP_STORAGE", "NVP_DATA", "RAY_ADDRESS"):
            patch.delenv(name, raising=False)
        patch.chdir(folder)
        make_project(folder)
        run_line(STUDY, trial, patch)
        run_line("python studies/learning_rate.py", trial, patch)
        yield folder
    jaxtyping.config.update("jaxtyping_disable", False)


def runs_here(block: Block) -> bool:
    """Whether this module runs a block: it says no reason, and no other module runs it."""
    page = str(block.page.relative_to(ROOT))
    shown = block.language == "text" or block.page == RECIPES
    return block.reason is None and not shown and ELSEWHERE.get(page) != block.language


@pytest.mark.one_in(3)
@pytest.mark.parametrize("page", [p for p in PAGES if any(map(runs_here, blocks(p)))], ids=str)
def test_the_blocks_of_a_page_run(
    page: Path, project: Path, trial: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: dict[str, Any] = {}
    for block in filter(runs_here, blocks(page)):
        if block.file:
            (project / block.file).parent.mkdir(exist_ok=True)
            made = project / block.file
            assert not made.is_symlink(), f"{block.file} is a file of the repository: rename it"
            made.write_text(cut_file(block.text))
        elif block.language == "python":
            exec(compile(block.text, block.name, "exec"), names)
        else:
            for line in block.text.replace("\\\n", " ").splitlines():
                run_line(line, trial, monkeypatch)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_a_block_says_what_it_is(block: Block) -> None:
    page = str(block.page.relative_to(ROOT))
    known = {"python", "sh", "text", ELSEWHERE.get(page)}
    assert block.language in known, f"{block.name}: {block.language!r}"


@pytest.mark.parametrize("block", UNRUN, ids=lambda block: block.name)
def test_a_block_that_is_not_run_says_why(block: Block) -> None:
    assert block.reason
    assert len(block.reason.split()) >= 3
    pytest.skip(f"not run: {block.reason}")
