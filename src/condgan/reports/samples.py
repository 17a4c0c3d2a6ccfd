"""The generated images of a run in its report: the last ones, over the training, and moments side by side."""

import math
from contextlib import suppress

from condgan.errors import CondganError
from condgan.generation import generator, jobs
from condgan.reports import pictures
from condgan.reports.document import Beside, Paragraph, Picture, Section, Slider
from condgan.reports.language import Words
from condgan.reports.subject import Subject
from condgan.storage.manifest import begin
from condgan.storage.pictures import png


def latest(subject: Subject, words: Words) -> Picture | None:
    """Images of the end, or of the moment: drawn from its generator where that was kept, else the last grid before."""
    key = "summary.last" if subject.recipe.conditional else "summary.last-unconditional"
    epoch, path = subject.grids[-1] if subject.grids else (math.nan, None)
    shown = None if path is None else pictures.small(path)
    if subject.until is not None and epoch != subject.until:
        with suppress(CondganError):
            made = generator.of_run(subject.run, epoch=subject.until)
            drawn = jobs.grid(made.recipe, made.domain, 0).draw(made)
            epoch, shown = subject.until, png(drawn, begin().of("picture"))
    if shown is None:
        return None
    caption = words(key, epoch=f"{epoch:g}")
    if subject.until is not None and epoch != subject.until:
        caption = f"{caption}{words.space}{words('summary.not-kept', epoch=subject.until)}"
    return Picture(shown, caption, caption, pixelated=True, width=60)


def samples(subject: Subject, words: Words) -> Section:
    """Grids over the training, and two moments beside each other."""
    section = Section("samples", words("samples.title"))
    if not subject.grids:
        return section.add(Paragraph(words("state.no-samples")))
    chosen = pictures.spread(subject.grids, pictures.FRAMES)
    frames = tuple((words("samples.epoch", epoch=round(epoch, 3)), pictures.small(path)) for epoch, path in chosen)
    section.add(Slider(frames, words("samples.alt"), words("samples.slider")))
    trained = [pair for pair in subject.grids if pair[0] > 0]
    if subject.moments:
        section.add(Beside(at_moments(subject, words), words("samples.alt"), words("samples.moments")))
    elif len(trained) > 1:
        early = trained[max(0, len(trained) // 10 - 1)]
        both = tuple((words("samples.epoch", epoch=round(e, 3)), pictures.small(p)) for e, p in (early, trained[-1]))
        section.add(Beside(both, words("samples.alt"), words("samples.moments")))
    return section


def at_moments(subject: Subject, words: Words) -> tuple[tuple[str, bytes], ...]:
    """Images of the same noise and classes at each of the moments that were asked for.

    Raises:
        CondganError: no generator of that epoch was kept.
    """
    made = [generator.of_run(subject.run, epoch=epoch) for epoch in subject.moments]
    grids = [jobs.grid(one.recipe, one.domain, 0).draw(one) for one in made]
    return tuple(
        (words("samples.epoch", epoch=epoch), png(grid, begin().of("picture")))
        for epoch, grid in zip(subject.moments, grids, strict=True)
    )
