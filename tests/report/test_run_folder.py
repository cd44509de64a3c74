"""The folder of a run: whole files, a page that stands alone, numbers that agree."""

import json
import re
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mia_exp.core.column import Column
from mia_exp.report.answer import answer, attack_rows, blind_rows, delta_rows
from mia_exp.report.numbers import json_text
from mia_exp.report.run_figures import choose_figures
from mia_exp.report.run_folder import write_numbers, write_page
from tests.report.conftest import DAMAGE, DrawnGallery, make_run

FIGURES = {"roc", "histograms", "training", "error-against-difficulty", "difficulty-extremes", "exposed-members"}


class Elements(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def write(folder, run, attribution=("Drawings: nobody, CC0",)) -> Elements:
    write_numbers(folder, run.metrics, run.scores)
    write_page(folder, run.members, run.nonmembers, run.gallery, attribution)
    return Elements((folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def written(tmp_path_factory, shared_run) -> tuple[Path, Any, Elements]:
    """A folder that no test changes, what it was made of, and its page."""
    folder = tmp_path_factory.mktemp("run")
    return folder, shared_run, write(folder, shared_run)


def test_all_files_are_there_and_no_other(written):
    folder, _, _ = written
    assert {path.name for path in folder.iterdir()} == {
        "metrics.json",
        "scores.parquet",
        "near_duplicates.csv",
        "figures",
        "report.html",
    }
    assert {path.name for path in (folder / "figures").iterdir()} == {f"{name}.png" for name in FIGURES}


def test_figures_are_not_blank(written):
    folder, _, _ = written
    for path in (folder / "figures").iterdir():
        pixels = np.asarray(Image.open(path).convert("L"))
        assert pixels.shape[1] == 1600
        # Ink in the middle, not only at an axis.
        height, width = pixels.shape
        assert pixels[height // 4 : -height // 4, width // 4 : -width // 4].std() > 5


def test_figures_of_images_show_them(written):
    folder, _, _ = written
    for name in ("difficulty-extremes", "exposed-members"):
        # The drawn images are noise; text and frames alone have a few hundred shades.
        image = Image.open(folder / "figures" / f"{name}.png").convert("RGB")
        assert len(image.getcolors(maxcolors=image.width * image.height)) > 5000


def test_the_shown_images_are_the_extremes(tmp_path, drawn_run):
    asked = []

    class Recorder(type(drawn_run.gallery)):
        def y(self, ids):
            asked.append(ids)
            return super().y(ids)

    drawn_run.gallery = Recorder()
    write(tmp_path, drawn_run)
    easiest, hardest, exposed = asked
    scores = drawn_run.scores
    assert easiest == scores.nsmallest(8, "l_diff").index.tolist()
    assert hardest == scores.nlargest(8, "l_diff").index.tolist()
    assert exposed == scores.loc[drawn_run.members].nsmallest(8, "l_mem").index.tolist()


def test_the_page_needs_nothing_else(written):
    folder, _, page = written
    assert not {"script", "link", "iframe", "object", "base"} & set(page.tags)
    references = [
        value for _, name, value in page.attributes if name in ("src", "href", "srcset", "data", "action")
    ]
    assert len(references) == len(FIGURES)
    assert all(reference.startswith("data:image/png;base64,") for reference in references)
    assert not re.search(r"url\(|@import|https?://", (folder / "report.html").read_text())


def test_every_image_has_words_for_who_cannot_see_it(written):
    _, _, page = written
    words = [value for tag, name, value in page.attributes if (tag, name) == ("img", "alt")]
    assert len(words) == len(FIGURES)
    assert all(len(word) > 20 for word in words)


def test_what_comes_from_outside_is_escaped(tmp_path, drawn_run):
    attack = '<script>alert("x")</script>'
    drawn_run.metrics |= {"dataset": attack, "name": attack, "warnings": [attack]}
    drawn_run.metrics["victim"]["kind"] = attack
    drawn_run.metrics["provenance"][attack] = attack
    page = write(tmp_path, drawn_run, attribution=[attack])
    assert "script" not in page.tags
    assert page.text.count(attack) >= 6


def test_the_page_holds_every_number(written):
    _, run, page = written
    metrics = run.metrics
    for row in (*attack_rows(metrics), *delta_rows(metrics), *blind_rows(metrics)):
        assert row.name in page.text
        for cell in row.cells:
            assert cell in page.text
    for result in metrics["attacks"].values():
        assert f"{result['auc']:.2f} [" in page.text
    for word in ("pix2pix", "working_size", "56", "abc123", "deadbeef", "9.9", "Drawings: nobody, CC0"):
        assert word in page.text
    assert answer(metrics) in page.text


def test_the_page_warns_before_it_answers(tmp_path, confounded_run):
    page = write(tmp_path, confounded_run)
    (warning,) = confounded_run.metrics["warnings"]
    assert page.text.index(warning) < page.text.index(answer(confounded_run.metrics))
    assert "No blind column" not in page.text


def test_the_page_says_when_there_is_nothing_to_warn_of(written):
    _, _, page = written
    assert "No blind column separates the split by more than chance." in page.text


def test_metrics_come_back_as_they_were(written):
    folder, run, _ = written
    text = (folder / "metrics.json").read_text()
    assert json.loads(text) == run.metrics
    assert list(json.loads(text)) == sorted(run.metrics)
    assert json_text(dict(reversed(run.metrics.items()))) == text


def test_scores_come_back_without_a_label(written):
    folder, run, _ = written
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "scores.parquet"), run.scores.reset_index())


def test_a_number_that_json_cannot_say_writes_nothing(tmp_path, drawn_run):
    drawn_run.metrics["attacks"]["l_rec"]["auc"] = float("nan")
    with pytest.raises(ValueError, match="JSON"):
        write(tmp_path, drawn_run)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_no_half_file_and_no_page(tmp_path, drawn_run):
    def fail(ids):
        raise RuntimeError("no outputs")

    drawn_run.gallery.v = fail
    with pytest.raises(RuntimeError, match="no outputs"):
        write(tmp_path, drawn_run)
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in left if path.name.startswith(".")]
    assert not (tmp_path / "report.html").exists()


def test_other_scores_and_blind_columns_are_drawn_too(tmp_path, drawn_run):
    drawn_run.metrics["attacks"]["classifier"] = drawn_run.metrics["attacks"]["l_rec"]
    drawn_run.metrics["columns"]["classifier"] = asdict(
        Column("classifier", "my classifier", "a classifier of my own", higher_is_member=True)
    )
    drawn_run.scores["classifier"] = -drawn_run.scores["l_rec"]
    page = write(tmp_path, drawn_run).text
    assert "my classifier" in page and "a classifier of my own" in page
    drawn = chosen(drawn_run, "roc").draw.args[2]
    assert [column.title for column in drawn] == ["L_rec", "L_mem", "L_mem,slope", "my classifier"]


@pytest.mark.parametrize("part", ["scores", "attacks", "blind"])
def test_a_column_that_the_run_does_not_describe_is_refused(tmp_path, drawn_run, part):
    if part == "scores":
        drawn_run.scores["classifier"] = -drawn_run.scores["l_rec"]
    else:
        drawn_run.metrics[part]["classifier"] = next(iter(drawn_run.metrics[part].values()))
    with pytest.raises(KeyError, match="classifier"):
        write(tmp_path, drawn_run)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    # A difficulty that an attack subtracts has its own easiest and hardest images.
    ("attack", "more"),
    [("supervised", {"l-vsd-extremes"}), ("multi_image", {"l-shadow-extremes"}), ("shadow", set())],
)
def test_an_attack_has_a_page_with_all_its_rows_and_figures(tmp_path, attack, more):
    run = make_run(20, attack=attack)
    page = write(tmp_path, run)
    for row in (*attack_rows(run.metrics), *delta_rows(run.metrics), *blind_rows(run.metrics)):
        assert row.name in page.text
        assert row.meaning in page.text
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == FIGURES | more


def test_without_a_model_no_outputs_are_shown(tmp_path):
    run = make_run(20, attack="difficulty")
    run.gallery.v = None  # nothing may request outputs that do not exist
    page = write(tmp_path, run)
    drawn = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert drawn == FIGURES - {"error-against-difficulty", "exposed-members", "training"}
    assert page.tags.count("img") == len(drawn)


def chosen(run, name):
    """One figure of a run, not drawn yet."""
    is_member = run.scores.index.isin(run.members)
    figures = choose_figures(run.metrics, run.scores, is_member, run.gallery)
    (figure,) = [each for each in figures if each.name == name]
    return figure


def test_the_members_that_a_probability_exposes_are_those_with_the_highest():
    run = make_run(20, attack="shadow")
    asked = []
    run.gallery.v = lambda ids: asked.extend(ids) or DrawnGallery.v(run.gallery, ids)
    assert "shadow classifier ranks highest as members" in chosen(run, "exposed-members").caption
    assert asked == run.scores.loc[run.members].nlargest(8, "shadow_score").index.tolist()


def test_a_fourth_channel_of_inputs_is_not_drawn(tmp_path, drawn_run):
    chosen(drawn_run, "exposed-members").draw(tmp_path / "three.png")
    x = drawn_run.gallery.x
    drawn_run.gallery.x = lambda ids: np.pad(x(ids), ((0, 0), (0, 0), (0, 0), (0, 1)), constant_values=200)
    chosen(drawn_run, "exposed-members").draw(tmp_path / "four.png")
    assert (tmp_path / "four.png").read_bytes() == (tmp_path / "three.png").read_bytes()


@pytest.mark.parametrize(
    ("attack", "columns"), [("reconstruction", ["l_rec"]), ("augmented", ["l_rec", "l_mem_aug"])]
)
def test_histograms_show_the_error_and_the_headline_once_each(attack, columns):
    drawn = chosen(make_run(20, attack=attack), "histograms").draw.args[2]
    assert [column.name for column in drawn] == columns


@pytest.mark.parametrize(
    ("attack", "start"),
    [
        ("ours", "Members tend to have lower errors (L). "),
        ("shadow", "Members tend to have lower errors (L) and a higher shadow classifier. "),
        ("difficulty", "The less the two groups overlap"),
    ],
)
def test_the_caption_says_on_which_side_members_lie(attack, start):
    assert chosen(make_run(20, attack=attack), "histograms").caption.startswith(start)


def test_error_is_drawn_against_every_difficulty_there_is():
    error, difficulties = chosen(make_run(20, attack="supervised"), "error-against-difficulty").draw.args[2:]
    assert error.name == "l_rec"
    assert [column.name for column in difficulties] == ["l_diff", "l_vsd"]


def test_the_page_says_what_the_defense_did_and_what_the_attack_says_of_itself(tmp_path, drawn_run):
    drawn_run.metrics |= {
        "damage": DAMAGE,
        "defense": {"kind": "gauss", "sigma": 0.125},
        "attack_details": {"shadow pairs": 77},
    }
    page = write(tmp_path, drawn_run)
    assert "outputs with and without the defense 21.3 dB 0.712 0.204" in page.text
    assert "outputs without it, and the targets 15.0 dB 0.455 0.500" in page.text
    assert "outputs with it, and the targets 14.1 dB 0.321 0.600" in page.text
    assert "shadow pairs: 77" in page.text
    assert "sigma 0.125" in page.text


def test_without_a_defense_there_is_no_word_of_damage(written):
    _, _, page = written
    assert "What the defense does" not in page.text


def test_few_images_fill_a_figure(tmp_path, small_run):
    write(tmp_path, small_run)
