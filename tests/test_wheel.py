"""The wheel: what it holds, and that it works where no checkout is."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mia_exp"
# Run by Python at its start, after an editable installation has put the checkout on the path.
WITHOUT_CHECKOUT = f"import sys\nsys.path[:] = [path for path in sys.path if path != {str(ROOT)!r}]\n"


def run(*words: str, cwd: Path, path: str = "") -> str:
    """What a Python process prints, whose path has these folders first."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("needs hatchling, of the extra dev, to build without a download")
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    run("-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(ROOT), cwd=folder)
    (path,) = folder.glob("mia_exp-*.whl")
    return path


@pytest.fixture(scope="module")
def path(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of processes that have the wheel installed, and the checkout not."""
    folder = tmp_path_factory.mktemp("elsewhere")
    options = ["--no-deps", "--no-index", "--quiet", "--target", str(folder / "installed")]
    run("-m", "pip", "install", *options, str(wheel), cwd=folder)
    (folder / "start").mkdir()
    (folder / "start" / "sitecustomize.py").write_text(WITHOUT_CHECKOUT)
    return os.pathsep.join(str(folder / name) for name in ("start", "installed"))


def files(folder: Path) -> set[str]:
    found = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return {name for name in found if "__pycache__" not in name}


def test_it_holds_the_package_its_data_and_the_configuration(wheel: Path) -> None:
    expected = {f"mia_exp/{name}" for name in files(PACKAGE)} | {
        f"mia_exp/conf/{name}" for name in files(ROOT / "conf")
    }
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        points = archive.read(next(name for name in archive.namelist() if name.endswith("entry_points.txt")))
        for name in ("conf/config.yaml", "conf/experiment/demo.yaml", "report/figures.mplstyle"):
            origin = (ROOT if name.startswith("conf") else PACKAGE) / name
            assert archive.read(f"mia_exp/{name}") == origin.read_bytes()
    assert names == expected
    assert {line.split(" = ")[0] for line in points.decode().splitlines() if " = " in line} == {
        "mia-exp",
        "mia-reproduce",
        "mia-bench",
    }


def test_an_installed_one_reads_the_configuration_inside_it(path: str, tmp_path: Path) -> None:
    script = "import mia_exp, sys; from mia_exp.core.conf_folder import CONF; print(mia_exp.__file__); print(CONF)"
    package, conf = map(Path, run("-c", script, cwd=tmp_path, path=path).splitlines())
    assert not package.is_relative_to(ROOT)
    assert conf == package.parent / "conf" and files(conf) == files(ROOT / "conf")
    # Without the wheel, nothing is left to import.
    start = path.partition(os.pathsep)[0]
    script = (
        "import importlib.util, pathlib; spec = importlib.util.find_spec('mia_exp'); print(spec and spec.origin)"
    )
    assert run("-c", script, cwd=tmp_path, path=start).strip() == "None"


def test_an_installed_one_composes_what_a_checkout_does(path: str, tmp_path: Path) -> None:
    words = ("-m", "mia_exp", "experiment=demo", "--cfg", "job")
    installed, checkout = run(*words, cwd=tmp_path, path=path), run(*words, cwd=ROOT)
    assert "name: demo" in installed and installed == checkout


def test_an_installed_one_plans_the_demo(path: str, tmp_path: Path) -> None:
    plan = run("-m", "mia_exp", "experiment=demo", "dry_run=true", cwd=tmp_path, path=path)
    assert "Plan" in plan and plan.count("to be made") == 10
    assert "experiment" in run("-m", "mia_exp", "--help", cwd=tmp_path, path=path)
    assert not list(tmp_path.rglob("*.json"))
