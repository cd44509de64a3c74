"""Figures of a dataset's images (Figs. 1, 12, 13 and 14), taken from the runs' reports, with a title.

Most datasets must not be redistributed, so these are saved with the runs, not with the results.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from mia_exp.drawing import report
from mia_exp.report.job_folder import FinishedJob, read_job
from mia_exp.report.style import WIDTH
from mia_exp.reproduce.paper_figure import paper_figure
from mia_exp.reproduce.scale_results import NAMES

# Height of the title, in inches.
TITLE = 0.4


@dataclass(frozen=True)
class Picture:
    """A figure of images.

    Attributes:
        figure: Which of a report's figures it is.
        experiments: The experiments whose runs are drawn.
        settings: The overrides of the runs that are drawn; all for none.
    """

    figure: str
    experiments: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)


PICTURES = {
    "fig1": Picture("difficulty-extremes", ("fig1",)),
    "fig12": Picture("exposed-members", ("fig12",), {"seed": "0", "split": "matched"}),
    "fig13": Picture(
        "l-vsd-extremes",
        ("table2", "table2_cityscapes"),
        {"seed": "0", "split": "official", "victim": "pix2pixhd"},
    ),
    "fig14": Picture("difficulty-extremes", ("fig14",)),
}


def keep_pictures(name: str, sweeps: Path, folder: Path) -> list[Path]:
    """Saves the figure `name` of each run with a title of dataset and scale, as PNG and PDF.

    Args:
        name: A key of `PICTURES`.
        sweeps: Has a folder of runs for each experiment.
        folder: Gets `name-dataset.png` and `name-dataset.pdf`.

    Returns:
        The PNG files.
    """
    picture = PICTURES[name]
    wanted = {f"{key}={value}" for key, value in picture.settings.items()}
    jobs = [
        (run, job)
        for experiment in picture.experiments
        for run in sorted((sweeps / experiment).glob("[0-9]*"), key=lambda path: int(path.name))
        if isinstance(job := read_job(run), FinishedJob) and wanted <= set(job.overrides)
    ]
    kept = []
    for run, job in jobs:
        metrics = job.metrics
        stem = folder / f"{name}-{metrics['dataset']}"
        drawn = run / "figures" / f"{picture.figure}.png"
        if not drawn.is_file():
            # A job of a sweep is drawn when somebody asks.
            report([str(run)])
        with Image.open(drawn) as image:
            height = TITLE + WIDTH * image.height / image.width
            with paper_figure(stem, height) as figure:
                axis = figure.subplots()
                axis.imshow(image)
                axis.set_axis_off()
                dataset = NAMES.get(metrics["dataset"], metrics["dataset"])
                axis.set_title(f"{dataset}, scale={metrics['scale']}: {metrics['victim']['image_size']} pixels")
        kept.append(stem.with_suffix(".png"))
    return kept
