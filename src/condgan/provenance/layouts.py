"""Where the images of a picture lie: rows, grids and strips are cut into them, and enlarged ones are made small."""

import numpy as np

from condgan.arrays import Samples
from condgan.errors import CondganError
from condgan.generation import jobs
from condgan.pictures import images
from condgan.pictures.labelling import labelled
from condgan.provenance.remaking import reductions
from condgan.storage.pictures import Pixels


def tiles(picture: Pixels, told: jobs.Job | None) -> Samples:
    """The images of a picture (h, w) or (h, w, 3) -> (N, C, H, W).

    Where the picture says how it is made, it is cut so. Else it is made as small as it can be without a loss; if it is
    then several times as wide as high, it is a row of squares.
    """
    found = None if told is None else _told(picture, told)
    return _squares(picture) if found is None else found


def _squares(picture: Pixels) -> Samples:
    flat = bool((picture == picture[:1, :1]).all())  # which is an enlargement of anything
    small = picture if flat else max(reductions(picture), key=lambda one: one[0], default=(1, picture))[1]
    height, width = small.shape[:2]
    count = width // height if height and width % height == 0 else 1
    return _cut(small, 1, count, 1, (0, 0), 0, count)


def _told(picture: Pixels, job: jobs.Job) -> Samples | None:
    """Cut as it is told; none where its size is another."""
    height, width = picture.shape[:2]
    rows, columns, gap = 1, job.images, 0
    if isinstance(job, jobs.Walk):
        rows, columns = (job.abreast, job.frames) if job.form == "strip" else (1, job.abreast)
    elif isinstance(job, jobs.Grid):
        rows, columns, gap = -(-job.images // job.columns), job.columns, images.GAP
    side = (width - gap) // columns - gap
    if side < job.scale or side % job.scale or (side + gap) * columns + gap != width:
        return None
    label = 0
    room = height - (rows * gap + gap)
    if job.visible_label is not None or (isinstance(job, jobs.Grid) and job.titled):
        room = rows * side  # tiles that lie among words are taken for squares
        if job.visible_label is not None:
            bare = height if not isinstance(job, jobs.Grid) else rows * (side + gap) + gap
            label = _label(bare if isinstance(job, jobs.Grid) else rows * side, width, job)
    if room <= 0 or room % rows or (room // rows) % job.scale:
        return None
    top = height - label - room - (rows * gap + gap)
    if top < 0:
        return None
    return _cut(picture[top:], rows, columns, job.scale, (room // rows, side), gap, job.images)


def _label(height: int, width: int, job: jobs.Job) -> int:
    """How high a visible label is."""
    try:
        return len(labelled(np.zeros((height, width), np.uint8), job.visible_label)) - height
    except CondganError:
        return 0


def _cut(picture: Pixels, rows: int, columns: int, scale: int, size: tuple[int, int], gap: int, count: int) -> Samples:
    """Tiles of a size, each the mean of its blocks: the picture may have been compressed since."""
    height, width = size if size != (0, 0) else (picture.shape[0], picture.shape[1] // columns)
    deep = picture[:, :, None] if picture.ndim == 2 else picture
    found = []
    for row in range(rows):
        for column in range(columns):
            top, left = gap + row * (height + gap), gap + column * (width + gap)
            tile = deep[top : top + height, left : left + width].astype(np.float64)
            blocks = tile.reshape(height // scale, scale, width // scale, scale, -1).mean(axis=(1, 3))
            found.append(np.rint(blocks).astype(np.uint8).transpose(2, 0, 1))
    return np.stack(found[:count])
