"""A sweep's table: what is shown once, what is told apart, and which jobs are missing."""

import io
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from mia_exp.core.errors import MiaError
from mia_exp.report.sweep_folder import write_sweep_report
from mia_exp.report.sweep_results import collect_sweep
from mia_exp.report.sweep_table import markdown
from tests.report.conftest import described


def result(auc: float, accuracy: float | None = None, **more: object) -> dict[str, object]:
    return {
        "auc": auc,
        "auc_ci95": [auc - 0.05, min(1.0, auc + 0.04)],
        "tpr_at_fpr": {"0.01": 0.2, "0.001": None},
        "tpr_at_fpr_ci95": {"0.01": [0.1, 0.5], "0.001": None},
        "balanced_accuracy": 0.7,
        "accuracy": accuracy,
        **more,
    }


def add_job(folder: Path, number: int, overrides: list[str], attacks=None, brightness=0.52, **settings):
    """Makes the folder of a job; without `attacks` it is one that failed."""
    path = folder / str(number)
    path.mkdir(parents=True)
    (path / "overrides.json").write_text(json.dumps(overrides))
    if attacks is None:
        return
    separates = brightness > 0.7
    metrics = {
        "name": "trial",
        "dataset": "drawings",
        "split": {"kind": "random", "title": "a random split", "hash": "4f1c"},
        "victim": {"kind": "pix2pix", "seed": 0},
        "n_members": 100,
        "n_nonmembers": 100,
        "attacks": attacks,
        # The adjusted p-value depends on how many other blind columns the job has.
        "blind": {"brightness": result(brightness, p_value_holm=0.5 + number / 100, separates=separates)},
        "deltas": {
            f"{column} - l_rec": {"auc": 0.03, "ci95": [0.01, 0.05]} for column in attacks if column != "l_rec"
        },
        "columns": described([*attacks, "brightness"]),
        "warnings": ["brightness separates"] if separates else [],
        **settings,
    }
    (path / "metrics.json").write_text(json.dumps(metrics))


def printed(folder: Path, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    write_sweep_report(folder, console)
    return console.file.getvalue()


def labels(folder: Path) -> list[str]:
    sweep = collect_sweep(folder)
    return [row.label for row in (*sweep.attack_rows(), *sweep.blind_rows())]


@pytest.fixture
def attacks(tmp_path: Path) -> Path:
    """A sweep over attacks on one victim, one of whose jobs failed."""
    l_rec = {"l_rec": result(0.8)}
    add_job(tmp_path, 0, ["experiment=x", "attack=reconstruction"], l_rec)
    add_job(tmp_path, 1, ["experiment=x", "attack=ours"], {**l_rec, "l_mem": result(0.85)})
    add_job(tmp_path, 2, ["experiment=x", "attack=supervised"])
    add_job(tmp_path, 10, ["experiment=x", "attack=shadow"], {**l_rec, "shadow_score": result(0.7, accuracy=0.61)})
    return tmp_path


def test_what_several_jobs_found_alike_stands_once_and_the_strongest_first(attacks):
    assert labels(attacks) == ["L_mem", "L_rec", "shadow classifier", "brightness"]


def test_jobs_come_in_the_order_of_their_numbers(attacks):
    assert [job.name for job in collect_sweep(attacks).jobs] == ["0", "1", "2", "10"]


def test_numbers_stand_in_the_row_of_their_column(attacks):
    lines = markdown(collect_sweep(attacks)).splitlines()
    (row,) = [line for line in lines if line.startswith("| shadow classifier")]
    assert [cell.strip() for cell in row.split("|")[2:-1]] == [
        "0.70 [0.65, 0.74]",
        "0.20 [0.10, 0.50]",
        "0.70",
        "0.61",
        "+0.03 [+0.01, +0.05]",
    ]
    (row,) = [line for line in lines if line.startswith("| L_rec")]
    assert [cell.strip() for cell in row.split("|")[5:-1]] == ["", ""]


def test_columns_without_a_number_are_left_out(tmp_path):
    few = {**result(0.8), "tpr_at_fpr": {"0.01": None}, "tpr_at_fpr_ci95": {"0.01": None}}
    add_job(tmp_path, 0, ["a=1"], {"l_rec": few}, blind={})
    table = markdown(collect_sweep(tmp_path))
    assert "|  | AUC | balanced accuracy |" in table


def test_markdown_is_a_table_whatever_the_overrides(tmp_path):
    for number, word in enumerate(("name='a|b'", "name='c'")):
        add_job(tmp_path, number, [word], {"l_rec": result(0.8 + number / 10)})
    text = markdown(collect_sweep(tmp_path))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(line.replace(r"\|", "").split("|")) for line in lines} == {6}
    assert set(lines[1].replace("|", "").split()) == {"---"}
    assert len(lines) == 2 + 3
    # A table needs an empty line before it.
    assert text.startswith("drawings: 100 members and 100 non-members of a random split.\n\n|")


def test_a_setting_that_differs_labels_its_row(tmp_path):
    for number, alpha in enumerate((0, 1, 2)):
        scores = {"l_rec": result(0.8), "l_mem": result(0.8 + alpha / 20)}
        add_job(tmp_path, number, ["experiment=x", f"attack.alpha={alpha}"], scores, attack={"alpha": alpha})
    assert labels(tmp_path) == [
        "L_mem (attack.alpha=0)",
        "L_mem (attack.alpha=1)",
        "L_mem (attack.alpha=2)",
        "L_rec",
        "brightness",
    ]


def test_settings_whose_numbers_agree_by_chance_are_not_merged(tmp_path):
    perfect = {"l_rec": result(0.8), "l_mem": result(1.0)}
    for number, alpha in enumerate((2, 4)):
        add_job(tmp_path, number, [f"attack.alpha={alpha}"], perfect, attack={"alpha": alpha})
    assert labels(tmp_path)[:3] == ["L_mem (attack.alpha=2)", "L_mem (attack.alpha=4)", "L_rec"]


def test_other_victims_share_the_blind_rows_alone(tmp_path):
    for seed in (0, 1):
        add_job(tmp_path, seed, [f"victim.seed={seed}"], {"l_rec": result(0.8)}, victim={"seed": seed})
    assert labels(tmp_path) == ["L_rec (victim.seed=0)", "L_rec (victim.seed=1)", "brightness"]


@pytest.mark.parametrize("setting", ["dataset", "split"])
def test_other_images_share_nothing_and_stand_together(tmp_path, setting):
    for number, word in enumerate("ab"):
        scores = {"l_rec": result(0.8), "l_mem": result(0.9)}
        add_job(tmp_path, number, [f"{setting}={word}"], scores, **{setting: {"kind": word}})
    assert labels(tmp_path) == [
        f"L_mem ({setting}=a)",
        f"L_rec ({setting}=a)",
        f"L_mem ({setting}=b)",
        f"L_rec ({setting}=b)",
        f"brightness ({setting}=a)",
        f"brightness ({setting}=b)",
    ]


def test_two_victims_and_two_attacks(tmp_path):
    number = 0
    victims = {"pix2pix": 0.7, "pix2pixhd": 0.8}
    for victim, auc in victims.items():
        for attack, column in (("ours", "l_mem"), ("augmented", "l_mem_aug")):
            scores = {"l_rec": result(auc), column: result(auc + 0.1)}
            words = [f"victim={victim}", f"attack={attack}"]
            add_job(tmp_path, number, words, scores, victim={"kind": victim}, attack={"kind": attack})
            number += 1
    *asked, blind = labels(tmp_path)
    names = [f"{name} (victim={victim})" for name in ("L_rec", "L_mem", "L_mem,aug") for victim in victims]
    assert sorted(asked) == sorted(names)
    assert blind == "brightness"


def test_jobs_that_no_shared_override_tells_apart_are_named(tmp_path):
    # Jobs 1 and 2 agree and share no override; 0 and 3 do.
    for number, (a, b) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        victim = {"seed": a ^ b}
        add_job(tmp_path, number, [f"a={a}", f"b={b}"], {"l_rec": result(0.9 - (a ^ b) / 10)}, victim=victim)
    assert labels(tmp_path)[:2] == ["L_rec (jobs 0, 3)", "L_rec (jobs 1, 2)"]


def test_a_warning_stands_once_and_says_of_which_jobs(tmp_path):
    for number in range(3):
        brightness = 0.5 if number == 0 else 0.75
        words = ["x=1", f"seed={min(number, 1)}", f"attack={'ours' if number else 'shadow'}"]
        split = {"kind": brightness, "title": "a random split"}
        add_job(tmp_path, number, words, {"l_rec": result(0.8)}, brightness, split=split)
    assert collect_sweep(tmp_path).warnings() == ["seed=1: brightness separates"]
    text = printed(tmp_path)
    assert text.count("Warning: seed=1: brightness separates") == 1
    assert text.count("brightness *") == 1


def test_a_warning_of_all_jobs_has_no_prefix(tmp_path):
    for number, attack in enumerate(("ours", "shadow")):
        add_job(tmp_path, number, [f"attack={attack}"], {"l_rec": result(0.8)}, brightness=0.75)
    assert collect_sweep(tmp_path).warnings() == ["brightness separates"]


def test_the_job_that_failed_is_named_everywhere(attacks):
    text = printed(attacks)
    assert "missing job 2: attack=supervised" in text
    assert str(attacks / "2" / "run.log") in text
    assert "- missing: `attack=supervised`" in (attacks / "sweep.md").read_text()
    sweep = json.loads((attacks / "sweep.json").read_text())
    assert (sweep["schema"], sweep["name"], sweep["missing"]) == (1, "trial", ["2"])
    assert [job["job"] for job in sweep["jobs"]] == ["0", "1", "2", "10"]
    assert sweep["jobs"][2] == {"job": "2", "overrides": ["experiment=x", "attack=supervised"], "metrics": None}
    assert sweep["jobs"][1]["metrics"] == json.loads((attacks / "1" / "metrics.json").read_text())


@pytest.mark.parametrize("width", [80, 110])
def test_the_terminal_shows_every_number_in_its_width(attacks, width):
    text = printed(attacks, width)
    table = text[: text.index("Brackets")]
    assert max(map(len, table.splitlines())) <= width
    for row in collect_sweep(attacks).attack_rows():
        assert row.label in table
    for cell in ("[0.80, 0.89]", "[0.65, 0.74]", "0.61", "[+0.01, +0.05]", "[0.10, 0.50]"):
        assert cell in table


def test_an_override_is_no_markup(tmp_path):
    for number, word in enumerate(("[red]oops", "b=1")):
        add_job(tmp_path, number, [word], {"l_rec": result(0.8)}, victim={"seed": number})
    add_job(tmp_path, 3, ["[bold]c=[1,2]"])
    text = printed(tmp_path)
    assert "[red]oops" in text
    assert "[bold]c=[1,2]" in text


def test_the_page_links_to_the_jobs_that_were_drawn_and_to_nothing_else(attacks):
    for job in ("0", "10"):
        (attacks / job / "report.html").touch()
    printed(attacks)
    page = (attacks / "sweep.html").read_text()
    links = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, found: links.extend(  # type: ignore[method-assign]
        value for name, value in found if name in ("href", "src")
    )
    parser.feed(page)
    assert [link for link in links if not link.startswith("data:image/png;base64,")] == [
        "0/report.html",
        "10/report.html",
    ]
    assert len(links) == 3
    assert f"<code>mia-exp report {attacks}</code>" in page
    for cell in ("0.85 [0.80, 0.89]", "+0.03 [+0.01, +0.05]", "attack=supervised"):
        assert cell in page


def test_the_page_escapes_what_comes_from_outside(tmp_path):
    attack = "<script>alert(1)</script>"
    add_job(tmp_path, 0, [attack], {"l_rec": result(0.8)}, name=attack, dataset=attack, warnings=[attack])
    printed(tmp_path)
    assert "<script" not in (tmp_path / "sweep.html").read_text()


def test_the_figure_has_ink_for_every_row(attacks):
    printed(attacks)
    dark = np.asarray(Image.open(attacks / "sweep.png").convert("L")) < 160
    assert dark.shape[1] == 1600
    # Four rows: across the middle of the figure, four lines at least are crossed from top to bottom.
    inked = dark[:, 400:1500].any(axis=1)
    assert (np.diff(inked.astype(int)) == 1).sum() >= 4


def test_a_sweep_without_any_result(tmp_path):
    add_job(tmp_path, 0, ["a=1"])
    text = printed(tmp_path)
    assert "missing job 0: a=1" in text
    assert not (tmp_path / "sweep.png").exists()
    assert (tmp_path / "sweep.md").read_text() == "- missing: `a=1`\n"
    assert "missing" in (tmp_path / "sweep.html").read_text()


def test_a_folder_without_jobs_is_refused(tmp_path):
    with pytest.raises(MiaError, match=r"overrides\.json each; found none in"):
        write_sweep_report(tmp_path)
