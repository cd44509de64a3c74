"""Where modules lie: no two of one name, and tests in the rooms of what they test."""

from collections.abc import Iterable
from pathlib import Path

import mia_exp

TESTS = Path(__file__).parent
PACKAGE = Path(mia_exp.__file__).parent
# Folders of tests that go through the package from end to end, or that other tests read.
WITHOUT_A_ROOM = {"extension", "faults", "fuzz", "golden", "launchers", "reference", "smoke"}


def namesakes(root: Path, *but: str) -> list[list[str]]:
    """The modules below a folder that share their name with another."""
    by_name: dict[str, list[str]] = {}
    for path in sorted(root.rglob("*.py")):
        if path.stem not in but:
            by_name.setdefault(path.stem, []).append(str(path.relative_to(root)))
    return [paths for paths in by_name.values() if len(paths) > 1]


def folders(root: Path) -> Iterable[str]:
    """The folders of modules below a folder, by their paths in it."""
    return sorted({str(path.parent.relative_to(root)) for path in root.rglob("*.py")} - {"."})


def test_no_two_modules_of_the_package_have_one_name() -> None:
    assert namesakes(PACKAGE, "__init__", "__main__") == []


def test_no_two_modules_of_the_tests_have_one_name() -> None:
    assert namesakes(TESTS, "__init__", "conftest") == []


def test_namesakes_are_found(tmp_path: Path) -> None:
    for name in ("a/one.py", "b/one.py", "b/two.py", "a/__init__.py", "b/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert namesakes(tmp_path, "__init__") == [["a/one.py", "b/one.py"]]


def test_each_folder_of_tests_is_that_of_a_room() -> None:
    rooms = {folder for folder in folders(TESTS) if folder.split("/")[0] not in WITHOUT_A_ROOM}
    assert rooms <= set(folders(PACKAGE))


def test_each_room_has_tests() -> None:
    rooms = {folder.split("/")[0] for folder in folders(PACKAGE)}
    # What every training has in common is tested with the victims.
    assert rooms - {folder.split("/")[0] for folder in folders(TESTS)} == {"training"}


def test_each_folder_of_tests_has_its_line_in_the_readme() -> None:
    lines = (TESTS / "README.md").read_text().splitlines()
    named = {line.split("`")[1].rstrip("/") for line in lines if line.startswith("| `") and "/`" in line}
    assert named == {folder.split("/")[0] for folder in folders(TESTS)}
