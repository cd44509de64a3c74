"""Non-members that are near-duplicates of members, such as frames of one video on both sides of a split.

The victim was trained on nearly the same image, so their errors are low like a member's, and an attack that
classifies them as members is counted as wrong. The victim is not queried; images are compared by the features of a
frozen backbone. Axes: N images, C channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from mia_exp.core.errors import MiaError
from mia_exp.evaluation.roc import Floats

# A member's neighbours are this share of the other members: the nearest ones.
NEIGHBOUR_SHARE = 0.1
# Near-duplicates are closer than this share of the usual distance to the farthest neighbour. In sets of independent
# images (faces, street scenes, facades) the nearest of 150 is rarely below 0.6 of it; nearly all neighbouring
# frames of a video are below 0.5.
NEAR_THRESHOLD = 0.5
# Rows of distances in memory at a time.
BATCH_SIZE = 256


@dataclass(frozen=True)
class NearPair:
    """A non-member and its nearest member.

    Attributes:
        nonmember: The non-member's id.
        member: The member's id.
        distance: Their distance, relative to the usual distance to a member's neighbours.
    """

    nonmember: str
    member: str
    distance: float

    @property
    def is_near(self) -> bool:
        """Whether the two are near-duplicates."""
        return self.distance < NEAR_THRESHOLD


def nearest_members(
    descriptors: Floats, ids: Sequence[str], members: Sequence[str], nonmembers: Sequence[str]
) -> list[NearPair]:
    """Each non-member with its nearest member, sorted by distance.

    Distances are Euclidean, each channel in standard deviations over all the images. They are divided by the usual
    distance to a member's neighbours: the median, over members, of the distance to the farthest of the nearest
    tenth of the other members.

    Args:
        descriptors: One vector per image, (N, C).
        ids: Of the images, (N,).
        members: Ids of the members; two or more.
        nonmembers: Ids of the non-members.

    Raises:
        MiaError: There are fewer than two members.
    """
    if len(members) < 2:
        raise MiaError(f"a member's neighbours are other members: expected two or more, found {len(members)}")
    row_of = {id: row for row, id in enumerate(ids)}
    spread = descriptors.std(0)
    # A channel that is constant over all images is ignored.
    scaled = descriptors / np.where(spread > 0, spread, np.inf)
    inside, outside = (scaled[[row_of[id] for id in group]] for group in (members, nonmembers))
    usual = _typical_distance(inside)
    pairs = []
    for start in range(0, len(outside), BATCH_SIZE):
        distances = cdist(outside[start : start + BATCH_SIZE], inside)
        for id, row in zip(nonmembers[start : start + BATCH_SIZE], distances, strict=True):
            nearest = int(row.argmin())
            # If all members are equal, any other image is far.
            relative = row[nearest] / usual if usual > 0 else float(row[nearest] > 0)
            pairs.append(NearPair(id, members[nearest], float(relative)))
    return sorted(pairs, key=lambda pair: (pair.distance, pair.nonmember))


def _typical_distance(members: Floats) -> float:
    """The median distance from a member to the farthest of the nearest tenth of the others."""
    count = max(1, round(NEIGHBOUR_SHARE * (len(members) - 1)))
    reaches = []
    for start in range(0, len(members), BATCH_SIZE):
        # Index 0 is the member itself.
        distances = cdist(members[start : start + BATCH_SIZE], members)
        reaches.append(np.partition(distances, count, axis=1)[:, count])
    return float(np.median(np.concatenate(reaches)))
