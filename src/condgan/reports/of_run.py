"""The report of a run, section by section. Each says what is missing instead of leaving it out."""

import shlex
from collections.abc import Callable, Sequence

import numpy as np

from condgan.diagnosis import alarms
from condgan.evaluation.summary import number
from condgan.marks import learnt
from condgan.pictures import curves, metric_plots
from condgan.recipe import Recipe, builtin
from condgan.recipe.text import differences
from condgan.reports import diagrams, pictures, samples, verdicts
from condgan.reports.document import Document, Items, Paragraph, Picture, Section, Table
from condgan.reports.equations import equations, probable
from condgan.reports.figures import HEADLINES, MOST_LINES, by_metric, figures, floor, limits, measured
from condgan.reports.language import Words
from condgan.reports.repeating import cited, environment, repeat
from condgan.reports.subject import Subject
from condgan.results import selection

MOST_NOTES, MOST_CHANGES = 6, 4
ASIDE = ("machine", "seed", "data", "evaluation", "output")  # parts that do not make it another recipe
OWN = "none:"  # how the source of a recipe of this package begins


def document(subject: Subject, words: Words, author: Sequence[tuple[str, str]]) -> Document:
    """The report of a run, or of a moment of it."""
    makers: tuple[Callable[[Subject, Words], Section], ...] = (
        summary, setup, losses, layers, training, samples.samples, figures, diagnosis, limits, environment, repeat,
        cited,
    )  # fmt: skip
    sections = [make(subject, words) for make in makers]
    told = verdicts.beside(subject.path, words)
    sections[1:1] = [] if told is None else [told]
    return Document(words.lang, title(subject, words), subtitle(subject, words), sections, author)


def title(subject: Subject, words: Words) -> str:
    """What was trained on what."""
    return words("run.title", recipe=subject.recipe.name, data=data_name(subject))


def subtitle(subject: Subject, words: Words) -> str:
    """State, length and seed."""
    state = words(f"run.{subject.status.state}")
    if subject.until is not None:
        state = words("run.until", epoch=subject.until)
    images = subject.plan.images if subject.plan else "?"
    return words("run.subtitle", state=state, epochs=f"{subject.epoch:g}", images=images, seed=subject.recipe.seed)


def data_name(subject: Subject) -> str:
    """Of the data."""
    return subject.domain.data if subject.domain else subject.recipe.data.source or "?"


def standing(subject: Subject, words: Words) -> list[Paragraph]:
    """Warnings: a training that has not finished, a generator that cannot be read."""
    status, found = subject.status, []
    if subject.until is None and status.state == "diverged":
        found.append(words("state.diverged", epoch=f"{status.epoch:g}", reason=status.reason or "?"))
    elif subject.until is None and status.state != "finished":
        told = {"epoch": f"{subject.epoch:g}", "epochs": subject.recipe.train.epochs}
        found.append(words("state.unfinished", reason=words(f"run.{status.state}"), **told))
    if subject.ends_early:
        ends = subject.steps[-1].epoch if subject.steps else 0.0
        found.append(words("state.log-ends", epoch=f"{ends:.4g}", epochs=f"{status.epoch:g}"))
    if subject.damaged is not None:
        file = subject.damaged.relative_to(subject.run.folder)
        found.append(words("state.damaged-generator", file=file))
    return [Paragraph(text) for text in found]


def summary(subject: Subject, words: Words) -> Section:
    """What it is, how good it is, what went wrong, and a picture."""
    recipe, plan = subject.recipe, subject.plan
    section = Section("summary", words("summary.title")).add(*standing(subject, words))
    session = (subject.sessions or [{}])[-1]
    if plan is not None and subject.domain is not None:
        timed = "trained" if subject.minutes is not None else "trained-untimed"
        told = words(
            f"summary.{timed}", recipe=recipe.name, changes=changed(recipe, words), source=source(subject, words),
            count=f"{plan.images:,}", data=subject.domain.data, epochs=f"{subject.epoch:g}",
            steps=f"{round(subject.epoch * plan.steps_per_epoch):,}", batch=recipe.train.batch,
            minutes=f"{subject.minutes or 0.0:.1f}",
            device=str(session.get("settings", {}).get("device", "?")), engine=recipe.machine.engine,
        )  # fmt: skip
        section.add(Paragraph(told))
    found, split = measured(subject)
    lines = [
        words(f"summary.{metric}", value=one.value, floor=floor(one, words))
        for metric in HEADLINES
        if (one := by_metric(found, metric)) is not None and one.value is not None
    ]
    if lines:
        section.add(Paragraph(words("summary.figures", split=words.split(split), figures=words.comma.join(lines))))
    kinds = [words(f"alarm.{one.kind}") for one in alarms.from_log(recipe, subject.records)]
    if subject.steps:
        section.add(
            Paragraph(
                words("summary.found", kinds=words.comma.join(kinds)) if kinds else words("summary.nothing-found")
            )
        )
    return section.add(samples.latest(subject, words))


def changed(recipe: Recipe, words: Words) -> str:
    """What was changed in a built-in recipe, in words; nothing where nothing was."""
    known = builtin.RECIPES.get(recipe.name)
    every = [] if known is None else chosen(recipe, known, *ASIDE)
    texts = [text for text in every if not text.startswith("train.epochs=")]
    if not texts:
        return ""
    more = words("setup.more", count=len(texts)) if len(texts) > MOST_CHANGES else ""
    return words("summary.changed", changes=words.between.join(texts[:MOST_CHANGES]) + more)


def chosen(recipe: Recipe, known: Recipe, *left_out: str) -> list[str]:
    """In what a recipe differs from a built-in one, but for what that leaves to the data."""
    decided = "data.train_on=" if known.data.train_on == "auto" else None
    return [one for one in differences(recipe, known, *left_out) if decided is None or not one.startswith(decided)]


def setup(subject: Subject, words: Words) -> Section:
    """Recipe, data and how it was trained, as a table."""
    section = Section("setup", words("setup.title"))
    section.add(Table((words("setup.field"), words("setup.value")), tuple(rows(subject, words))))
    if subject.plan is None:
        section.add(Paragraph(words("state.no-provenance")))
    if subject.recipe.notes:
        section.add(Paragraph(words("setup.notes")), Items(subject.recipe.notes[:MOST_NOTES]))
    return section


def rows(subject: Subject, words: Words) -> list[tuple[str, str]]:
    """Names and values of the setup."""
    recipe = subject.recipe
    found = [(words("setup.recipe"), recipe.name), (words("setup.source"), source(subject, words))]
    if recipe.name in builtin.RECIPES:
        texts = chosen(recipe, builtin.RECIPES[recipe.name], "machine", "seed")
        found.append((words("setup.changes"), words.between.join(f"`{one}`" for one in texts) or words("report.none")))
    found.append((words("setup.data"), data_name(subject)))
    counts = subject.run.split_counts()
    if counts:
        shown = words.comma.join(f"{words.split(name)} {count:,}" for name, count in counts.items())
        trained = words.split(subject.trained_on or "?")
        found += [(words("setup.splits"), shown), (words("setup.trained-on"), trained)]
    if subject.domain is not None:
        names = subject.domain.class_names
        shown = words.between.join(names[:20]) + (words("setup.more", count=len(names)) if len(names) > 20 else "")
        form = diagrams.shape(subject.domain.shape)
        found += [(words("setup.form"), form), (words("setup.classes"), shown or words("report.none"))]
    kind = recipe.latent.distribution
    noise = words("setup.noise", dim=recipe.latent.dim, distribution=words.get(f"setup.{kind}", kind))
    found.append((words("setup.latent"), noise))
    for network in ("generator", "discriminator"):
        one = getattr(recipe.optim, network[0])
        parts = [one.name, words("setup.lr", lr=one.lr)]
        parts += [f"betas ({one.betas[0]:g}, {one.betas[1]:g})"] if "ada" in one.name else []
        parts += [words("setup.weight-decay", decay=one.weight_decay)] if one.weight_decay else []
        parts += [words("setup.schedule", schedule=one.schedule)] if one.schedule != "constant" else []
        found.append((words("setup.optimiser", network=words(f"networks.{network}")), words.comma.join(parts)))
    train = recipe.train
    found += [
        (words("setup.batch"), str(train.batch)), (words("setup.epochs"), str(train.epochs)),
        (words("setup.order"), words(f"setup.order-{train.order}")),
        (words("setup.fakes"), words(f"setup.fakes-{train.fakes}")),
        (words("setup.critic"), str(train.critic_steps)), (words("setup.seed"), str(recipe.seed)),
    ]  # fmt: skip
    return found


def losses(subject: Subject, words: Words) -> Section:
    """What is minimised, as equations with their source."""
    recipe = subject.recipe
    intro = "losses.intro" if recipe.conditional else "losses.intro-unconditional"
    section = Section("losses", words("losses.title")).add(
        Paragraph(words(intro, name=f"`{recipe.loss.name}`")),
        *equations(recipe),
        Paragraph(words("losses.symbols") + words.space + words("losses.probability") * probable(recipe), True),
    )
    if recipe.watermark.key is not None:
        section.add(Paragraph(words("losses.mark", low=learnt.LOW, high=learnt.HIGH)))
    loss = recipe.loss
    if (loss.real_target, loss.fake_target, loss.flip) != (1, 0, 0):
        told = words("losses.smoothing", real=loss.real_target, fake=loss.fake_target, flip=loss.flip)
        section.add(Paragraph(told))
    return section


def layers(subject: Subject, words: Words) -> Section:
    """Both networks, as a diagram and in tables."""
    section = Section("networks", words("networks.title"))
    if subject.domain is None:
        return section.add(Paragraph(words("state.no-provenance")))
    found = diagrams.layers(subject.recipe, subject.domain)
    section.add(diagrams.diagram(found, subject.recipe, subject.domain, words), *diagrams.tables(found, words))
    ema = subject.recipe.train.ema
    return section.add(None if ema is None else Paragraph(words("networks.average", decay=ema)))


def training(subject: Subject, words: Words) -> Section:
    """Losses and figures over the training, and how long it took."""
    section = Section("training", words("training.title"))
    if not subject.steps:
        return section.add(Paragraph(words("state.no-log")))
    drawn = pictures.drawn(lambda path: curves.loss_curves(path, subject.steps, subject.recipe.name, pictures.plot()))
    section.add(Picture(drawn, words("training.losses"), words("training.losses")))
    if subject.bounds is not None:
        told = words("training.reading", chance=subject.bounds.chance, floor=subject.bounds.floor + 0.0)
        section.add(Paragraph(told))
    section.add(course(subject, words))
    if len(subject.evaluations) > 1:
        position = selection.best(subject.recipe, subject.evaluations)
        best = None if position is None else subject.evaluations[position].images
        drawn = pictures.drawn(
            lambda path: metric_plots.metric_curves(
                path, subject.evaluations, subject.recipe.name, pictures.plot(), best, columns=2
            )
        )
        section.add(Picture(drawn, words("training.metrics"), words("training.metrics")))
    seconds, last = subject.steps[-1].seconds, subject.steps[-1].step
    if seconds:
        section.add(Paragraph(words("training.time", minutes=seconds / 60, rate=last / seconds), True))
    return section


def course(subject: Subject, words: Words) -> Table:
    """Losses, their spread and the generator's gradient by epoch."""
    ends = np.unique(np.linspace(0, subject.steps[-1].epoch, MOST_LINES + 1))
    rows = []
    for first, last in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        means = [subject.mean(name, first, last) for name in ("d_loss", "g_loss")]
        spreads = [subject.spread(name, first, last) for name in ("d_loss", "g_loss")]
        if means[0] is None:
            continue
        right = subject.mean("d_accuracy", first, last)
        rows.append((
            f"{last:.4g}", *(number(one) for one in means), words.comma.join(number(one) for one in spreads),
            number(subject.mean("g_gradient", first, last)), "-" if right is None else f"{right:.1%}",
        ))  # fmt: skip
    header = tuple(words(f"training.{name}") for name in ("epoch", "d", "g", "between", "gradient", "accuracy"))
    return Table(header, tuple(rows), words("training.table"), frozenset(range(6)))


def source(subject: Subject, words: Words) -> str:
    """Where the recipe is from; those of this package have no other source."""
    given = subject.recipe.source
    return words("setup.own") if given.startswith(OWN) else given if words.lang == "en" else words.quoted(given)


def diagnosis(subject: Subject, words: Words) -> Section:
    """What the log shows, with its evidence and the command to try."""
    section = Section("diagnosis", words("diagnosis.title"))
    if not subject.steps:
        return section.add(Paragraph(words("state.no-log")))
    findings = alarms.ordered(alarms.from_log(subject.recipe, subject.records))
    for one in findings:
        meaning = words.get(f"means.{one.kind}", one.text)
        section.add(
            Paragraph(words("diagnosis.found", alarm=words(f"alarm.{one.kind}"), kind=one.kind, meaning=meaning))
        )
        section.add(Paragraph(words("diagnosis.evidence", evidence=words.evidence(one.evidence)), True))
        if one.advice:
            command = builtin.command(subject.recipe, one.advice)
            section.add(Paragraph(words("diagnosis.try", command=command)))
    if not findings:
        told = words(
            "diagnosis.nothing", lines=len(subject.steps), evaluations=len(subject.evaluations),
            run=shlex.quote(subject.path),
        )  # fmt: skip
        section.add(Paragraph(told))
    return section
