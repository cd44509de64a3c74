"""Queries per second of the black box, against a plain loop over single images with gradients, in one run."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from mia_exp.benchmarks.measure import median_seconds, save_result
from mia_exp.core.device import torch_device
from mia_exp.data import InputLayout
from mia_exp.victims.pix2pix.pix2pix import Pix2Pix
from mia_exp.victims.query import black_box, run_queries
from mia_exp.victims.query_settings import QuerySettings


def run(
    folder: Path,
    size: int = 256,
    width: int = 64,
    images: int = 64,
    batch_sizes: tuple[int, ...] = (1, 8, 32),
    repeats: int = 5,
) -> dict[str, Any]:
    """Times both implementations, prints the speedup, and saves `queries.json`.

    Args:
        folder: Folder of the result.
        size: Side of the images in pixels.
        width: ngf of the pix2pix generator.
        images: Queries of one timed run.
        batch_sizes: Batch sizes of the optimised implementation.
        repeats: Timed runs of each.

    Returns:
        The saved result.
    """
    device = torch_device("auto")
    torch.manual_seed(0)
    generator = Pix2Pix(image_size=size, ngf=width).build_generator(InputLayout(), 0).to(device).eval()
    x = torch.rand(images, 3, size, size)

    def plain() -> np.ndarray:
        outputs = [generator(image[None].to(device)).detach().cpu() for image in x]
        return (torch.cat(outputs).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()

    generator.requires_grad_(True)
    slow = median_seconds(plain, repeats)
    expected = plain()
    query = black_box(generator, QuerySettings(), device)
    rows = []
    for batch in batch_sizes:

        def fast(batch: int = batch) -> np.ndarray:
            return np.concatenate(list(run_queries(query, iter(torch.split(x, batch)), -(-images // batch))))

        seconds = median_seconds(fast, repeats)
        largest = int(np.abs(fast().astype(int) - expected).max())
        rows.append(
            {
                "batch_size": batch,
                "images_per_second": images / seconds,
                "ratio": slow / seconds,
                "largest_difference": largest,
            }
        )
    result = {
        "image_size": size,
        "width": width,
        "images": images,
        "plain_images_per_second": images / slow,
        "fast": rows,
        "repeats": repeats,
    }
    path = save_result("queries", result, device, folder)
    console = Console()
    for row in rows:
        console.print(
            f"batch {row['batch_size']:>3}   {row['images_per_second']:.1f} images per second, speedup "
            f"{row['ratio']:.2f}; outputs differ by at most {row['largest_difference']}/255"
        )
    console.print(f"saved {path}", soft_wrap=True)
    return result
