"""Pages that are drawn when somebody asks: the same as those that a run draws at once."""

import shutil
from pathlib import Path

import pytest

from tests.cli import mia_exp, tiny
from tests.faults.test_faults import refused


@pytest.fixture(scope="module")
def ran(folder_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, and a sweep of two jobs, of which the first is the same as the run."""
    cwd = tmp_path_factory.mktemp("drawing")
    words = tiny(folder_dataset, "name=one")
    assert mia_exp(*words, "attack.alpha=1", "hydra.run.dir=run", cwd=cwd).status == 0
    assert mia_exp("-m", *words, "attack.alpha=1,2", "hydra.sweep.dir=sweep", cwd=cwd).status == 0
    return cwd


def page(folder: Path) -> dict[str, bytes]:
    files = [folder / "report.html", *sorted((folder / "figures").iterdir())]
    return {path.name: path.read_bytes() for path in files}


def test_a_job_of_a_sweep_has_no_page_until_it_is_asked_for(ran: Path) -> None:
    assert not list(ran.glob("sweep/*/report.html")) and not list(ran.glob("sweep/*/figures"))
    assert "mia-exp report sweep" in (ran / "sweep/sweep.html").read_text()
    outcome = mia_exp("report", "sweep", cwd=ran)
    assert outcome.status == 0, outcome.err
    first = page(ran / "sweep/0")
    assert page(ran / "run") == first
    assert page(ran / "sweep/1") != first
    written = (ran / "sweep/sweep.html").read_text()
    assert 'href="0/report.html"' in written and "mia-exp report" not in written


def test_the_page_of_a_run_is_drawn_again(ran: Path) -> None:
    before = page(ran / "run")
    (ran / "run/report.html").unlink()
    assert mia_exp("report", "run", cwd=ran).status == 0
    assert page(ran / "run") == before


def test_what_is_no_folder_of_a_run_is_refused(ran: Path, tmp_path: Path) -> None:
    for words in ([], ["--help"]):
        refused(mia_exp("report", *words, cwd=ran), "expected the folders of runs or sweeps")
    refused(
        mia_exp("report", "nowhere", cwd=ran), "nowhere: expected the folder of a run or a sweep, with a metrics"
    )
    shutil.copytree(ran / "run", tmp_path / "moved")
    # The images are in the artifacts, which are elsewhere now.
    refused(mia_exp("report", "moved", cwd=tmp_path), "moved: the pairs and queries of this run are not in outputs")
    (tmp_path / "moved/config.yaml").write_text("- 1")
    refused(mia_exp("report", "moved", cwd=tmp_path), "moved: not as a run left it")
    (tmp_path / "moved/config.yaml").write_text("{")
    refused(mia_exp("report", "moved", cwd=tmp_path), "moved: not as a run left it")
