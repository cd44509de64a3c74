"""The claims, on results made by hand: their polarity, their contrast, and what decides a verdict."""

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mia_exp.reproduce.claims import CLAIMS, Claim
from mia_exp.reproduce.criteria import above, below, within
from mia_exp.reproduce.findings import Outcome, judge
from mia_exp.reproduce.published import CASES
from mia_exp.reproduce.scale_results import Results
from tests.reproduce.made_results import metrics, save, save_cases, scores

FACADES = ("pix2pix", "facades", "official")
HD_MAPS = ("pix2pixhd", "maps2sat", "matched")
BY_NAME = {claim.name: claim for claim in CLAIMS if isinstance(claim, Claim)}
SEEDS = (0, 1, 2)


def outcome(name: str, folder: Path) -> Outcome:
    return judge(BY_NAME[name], Results(folder))


def test_criteria_are_decided_by_whole_intervals() -> None:
    intervals = [(-0.03, -0.01), (-0.01, 0.01), (0.01, 0.03)]
    assert [above().holds(one) for one in intervals] == [False, None, True]
    assert [below().holds(one) for one in intervals] == [True, None, False]
    assert [within(0.02).holds(one) for one in intervals] == [None, True, None]
    assert [within(0.005).holds(one) for one in intervals] == [False, None, False]
    assert above(0.02).holds((0.01, 0.03)) is None


def test_the_gain_is_that_of_l_mem_over_l_rec(tmp_path: Path) -> None:
    save_cases(tmp_path, "table1", [FACADES], SEEDS, gaps={"l_mem": 2.0, "l_mem_slope": 0.2})
    [finding] = outcome("table1", tmp_path).findings
    expected = []
    for seed in SEEDS:
        table = scores(40, seed, l_mem=2.0, l_mem_slope=0.2)
        of_l_mem, of_l_rec = (roc_auc_score(table["member"], -table[name]) for name in ("l_mem", "l_rec"))
        expected.append(of_l_mem - of_l_rec)
    assert list(finding.estimate.by_seed.values()) == pytest.approx(expected)
    assert finding.estimate.value == pytest.approx(np.mean(expected))
    assert finding.held is True and finding.title == "pix2pix Facades, official split"
    # The slope's gap is smaller than that of L_rec, one: refuted.
    assert outcome("table1-slope", tmp_path).held is False


def test_table_4_is_against_l_mem_and_not_against_l_rec(tmp_path: Path) -> None:
    # Augmented queries are better than L_rec and worse than L_mem.
    save_cases(tmp_path, "table1", [FACADES], SEEDS, gaps={"l_mem": 2.5})
    save_cases(tmp_path, "table4", [FACADES], SEEDS, gaps={"l_mem_aug": 1.5})
    [finding] = outcome("table4", tmp_path).findings
    assert finding.held is False and finding.estimate.value < 0


def test_a_multi_image_difficulty_close_to_ours_is_close_on_pix2pix_alone(tmp_path: Path) -> None:
    cases = [("pix2pix", "maps2sat", "official"), HD_MAPS]
    save_cases(tmp_path, "table1", cases, SEEDS, gaps={"l_mem_slope": 2.5})
    save_cases(tmp_path, "table2_multi_image", cases, SEEDS, gaps={"l_mem_multi_slope": 1.0})
    [hd] = outcome("table2-multi-image-hd", tmp_path).findings
    assert hd.cell.case.victim == "pix2pixhd" and hd.held is True
    [close] = outcome("table2-multi-image-pix2pix", tmp_path).findings
    assert close.cell.case.victim == "pix2pix" and close.held is False


def test_noise_that_lowers_nothing_supports_the_paper(tmp_path: Path) -> None:
    jobs = []
    for sigma, ssim, gap in ((0.0, 1.0, 2.0), (0.02, 0.97, 2.0), (0.4, 0.1, 1.5)):
        for seed in SEEDS:
            about = metrics(*FACADES, seed, defense={"kind": "gauss", "sigma": sigma})
            about["damage"] = {"outputs": {"ssim": ssim, "perceptual": 1 - ssim}}
            # The same draws for all sigmas, so that two of them have equal scores.
            table = scores(200, seed, l_mem=gap)
            jobs.append(({"defense.sigma": str(sigma), "seed": str(seed)}, about, table))
    save(tmp_path, "fig10", jobs)
    [invisible] = outcome("fig10-invisible", tmp_path).findings
    assert invisible.held is True and invisible.cell.detail == "sigma 0.02 against none"
    [strongest] = outcome("fig10-strongest", tmp_path).findings
    assert strongest.held is True and strongest.cell.detail == "sigma 0.4, SSIM 0.10"


def test_longer_training_is_the_last_checkpoint_against_the_first(tmp_path: Path) -> None:
    def save_epochs(gaps: dict[int, float]) -> None:
        jobs = [
            ({"query.epoch": str(epoch)}, metrics(*FACADES, seed, query__epoch=epoch), scores(40, seed, l_mem=gap))
            for epoch, gap in gaps.items()
            for seed in SEEDS
        ]
        save(tmp_path, "fig9", jobs)

    # Epochs are numbers: 9 is the first and 100 the last.
    save_epochs({100: 2.0, 9: 0.2, 20: 3.0})
    [finding] = outcome("fig9", tmp_path).findings
    assert finding.held is True and finding.cell.detail == "epoch 100 against 9"
    save_epochs({100: 0.2, 9: 2.0, 20: 3.0})
    assert outcome("fig9", tmp_path).held is False


def test_alphas_are_applied_to_the_scores(tmp_path: Path) -> None:
    # Members differ in the difficulty alone: the more of it is subtracted, the worse.
    save_cases(tmp_path, "table1", [FACADES], SEEDS, gaps={"l_rec": 0.0, "l_diff": 2.0, "l_mem": 9.0})
    findings = outcome("fig8", tmp_path).findings
    assert [finding.cell.detail for finding in findings] == ["alpha 0.5", "alpha 1", "alpha 2"]
    assert [finding.held for finding in findings] == [False, False, False]
    table = scores(40, 1, l_rec=0.0, l_diff=2.0, l_mem=9.0)
    expected = roc_auc_score(table["member"], 2 * table["l_diff"].astype(float) - table["l_rec"])
    expected -= roc_auc_score(table["member"], -table["l_rec"])
    assert findings[2].estimate.by_seed[1] == pytest.approx(expected)


def test_attention_is_the_victims_and_not_the_attacks(tmp_path: Path) -> None:
    # With weights, the error no longer grows with the difficulty.
    jobs = {"table1": 0.05, "fig17": 0.0}
    for experiment, slope in jobs.items():
        runs = []
        for seed in SEEDS:
            table = scores(100, seed)
            table["l_rec"] = (0.1 + slope * (table["l_diff"] - 0.1) / 0.01).clip(0.01)
            runs.append(({"seed": str(seed)}, metrics(*FACADES, seed), table))
        save(tmp_path, experiment, runs)
    [finding] = outcome("fig17", tmp_path).findings
    assert finding.held is True and finding.estimate.value < -1


def test_a_pixel_draw_that_matters_below_half_is_instability(tmp_path: Path) -> None:
    jobs = []
    for share, spread in ((0.2, 1.0), (0.5, 0.0), (0.9, 0.0)):
        for draw in range(3):
            for seed in SEEDS:
                about = metrics(*FACADES, seed, difficulty={"fitted_share": share, "seed": draw})
                table = scores(60, seed, l_mem=1.5 + spread * (draw - 1))
                jobs.append(({"share": str(share), "draw": str(draw), "seed": str(seed)}, about, table))
    save(tmp_path, "fig15", jobs)
    [unstable] = outcome("fig15-below", tmp_path).findings
    assert unstable.held is True
    [stable] = outcome("fig15-above", tmp_path).findings
    assert stable.held is True and stable.estimate.value == 0


def test_a_claim_holds_only_if_it_holds_in_every_cell(tmp_path: Path) -> None:
    jobs = [
        ({"split": split}, metrics("pix2pix", "facades", split, seed), scores(40, seed, l_mem=gap))
        for split, gap in (("random", 3.0), ("matched", 1.05), ("official", 3.0))
        for seed in SEEDS
    ]
    save(tmp_path, "table1", jobs)
    found = outcome("table1", tmp_path)
    assert [finding.held for finding in found.findings] == [True, None, True]
    assert found.held is None and found.verdict.startswith("**open** (2 of 3 held; not run: pix2pix Maps2sat, ")
    assert list(found.by_split) == ["random", "matched", "official"]
    assert found.by_split["official"] == str(found.findings[2].estimate)


def test_intervals_are_wider_for_more_cells(tmp_path: Path) -> None:
    save_cases(tmp_path, "table1", [FACADES], SEEDS, gaps={"l_mem": 1.5})
    [finding] = outcome("table1", tmp_path).findings
    (low, high), (lower, higher) = finding.estimate.interval(), finding.estimate.interval(18)
    assert lower < low < finding.estimate.value < high < higher


def test_no_runs_are_no_verdict(tmp_path: Path) -> None:
    verdicts = {name: judge(claim, Results(tmp_path)).verdict for name, claim in BY_NAME.items()}
    assert verdicts.pop("table2-bdd") == "not tested: BDD100K is not at hand"
    assert set(verdicts.values()) == {"not tested: not run yet"}


def test_a_claim_does_not_hold_before_all_of_the_papers_cells_were_run(tmp_path: Path) -> None:
    cases = [(victim, dataset, "official") for victim, dataset in CASES]
    save_cases(tmp_path, "table1", cases[:-1], SEEDS, gaps={"l_mem": 3.0})
    assert outcome("table1", tmp_path).verdict == "**open** (5 of 5 held; not run: pix2pixHD Cityscapes)"
    save_cases(tmp_path, "table1", cases, SEEDS, gaps={"l_mem": 3.0})
    assert outcome("table1", tmp_path).verdict == "**held**"


def test_details_of_hard_images_are_those_of_the_papers_panels(tmp_path: Path) -> None:
    cases = [(victim, dataset, "official") for victim, dataset in CASES]
    save_cases(tmp_path, "table1", cases, SEEDS)
    found = {(one.cell.case.victim, one.cell.case.dataset) for one in outcome("fig1", tmp_path).findings}
    assert found == {("pix2pixhd", "maps2sat"), ("pix2pixhd", "cityscapes")}


def test_remarks_have_no_number_of_their_own() -> None:
    for claim in BY_NAME.values():
        words = re.sub(
            r"\{[a-z0-9-]+\}|pix2pix(HD)?|Maps2sat|(Fig\.|Figs\.|Table|experiment=\w+) ?\d*|L1", "", claim.remark
        )
        assert not re.search(r"\d", words), claim.name
        assert set(re.findall(r"\{([a-z0-9-]+)\}", claim.remark)) <= set(BY_NAME)
