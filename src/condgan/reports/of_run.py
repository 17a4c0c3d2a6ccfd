"""The report of a run, section by section. Each says what is missing instead of leaving it out."""

import shlex
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from condgan.diagnosis import alarms
from condgan.errors import CondganError
from condgan.evaluation.comparison import METRICS
from condgan.evaluation.summary import number
from condgan.pictures import curves, metric_plots
from condgan.recipe import builtin
from condgan.recipe.text import differences, to_json
from condgan.reports import diagrams, pictures
from condgan.reports.document import Beside, Code, Document, Items, Paragraph, Picture, Section, Slider, Table
from condgan.reports.equations import equations
from condgan.reports.language import Words
from condgan.reports.references import references
from condgan.reports.subject import Subject
from condgan.results import classes, selection
from condgan.results.figure import Figure

HEADLINES = ("label_accuracy", "fid", "recall", "coverage")
MOST_LINES = 12  # of tables over the training
MOST_NOTES = 6
SMALL = 2000  # images below which figures are called noisy


def document(subject: Subject, words: Words, author: Sequence[tuple[str, str]]) -> Document:
    """The report of a run, or of a moment of it."""
    makers: tuple[Callable[[Subject, Words], Section], ...] = (
        summary, setup, losses, layers, training, samples, figures, diagnosis, limits, environment, repeat, cited,
    )  # fmt: skip
    sections = [make(subject, words) for make in makers]
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
    return words(
        "run.subtitle", state=state, epochs=f"{subject.epoch:g}", images=images, seed=subject.recipe.seed
    )


def data_name(subject: Subject) -> str:
    """Of the data."""
    return subject.domain.data if subject.domain else subject.recipe.data.source or "?"


def standing(subject: Subject, words: Words) -> list[Paragraph]:
    """A warning where a training has not finished."""
    status = subject.status
    if subject.until is not None or status.state == "finished":
        return []
    if status.state == "diverged":
        return [Paragraph(words("state.diverged", epoch=f"{status.epoch:g}", reason=status.reason or "?"))]
    told = {"epoch": f"{status.epoch:g}", "epochs": subject.recipe.train.epochs}
    return [Paragraph(words("state.unfinished", reason=words(f"run.{status.state}"), **told))]


def summary(subject: Subject, words: Words) -> Section:
    """What it is, how good it is, what went wrong, and a picture."""
    recipe, plan = subject.recipe, subject.plan
    section = Section("summary", words("summary.title")).add(*standing(subject, words))
    session = (subject.provenance.get("sessions") or [{}])[-1]
    if plan is not None and subject.domain is not None:
        told = words(
            "summary.trained", recipe=recipe.name, source=recipe.source, count=f"{plan.images:,}",
            data=subject.domain.data, epochs=f"{subject.epoch:g}",
            steps=f"{round(subject.epoch * plan.steps_per_epoch):,}", batch=recipe.train.batch,
            minutes="?" if subject.minutes is None else f"{subject.minutes:.1f}",
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
        section.add(Paragraph(words("summary.figures", split=split, figures=", ".join(lines))))
    kinds = [words(f"alarm.{one.kind}") for one in alarms.from_log(recipe, subject.records)]
    if subject.steps:
        section.add(
            Paragraph(words("summary.found", kinds=", ".join(kinds)) if kinds else words("summary.nothing-found"))
        )
    if subject.grids:
        epoch, path = subject.grids[-1]
        key = "summary.last" if recipe.conditional else "summary.last-unconditional"
        caption = words(key, epoch=f"{epoch:g}")
        section.add(Picture(pictures.small(path), caption, caption, pixelated=True, width=60))
    return section


def floor(one: Figure, words: Words) -> str:
    """The value of real images, where it was measured."""
    return "" if one.floor is None else words("summary.floor", floor=one.floor)


def measured(subject: Subject) -> tuple[dict[str, Figure], str]:
    """The figures to show, and the split: those of ``condgan evaluate``, else of the last evaluation in the log."""
    if subject.evaluation is not None:
        return dict(subject.evaluation.figures), subject.evaluation.protocol.split
    return (dict(subject.evaluations[-1].evaluation) if subject.evaluations else {}), "validation"


def by_metric(found: dict[str, Figure], metric: str) -> Figure | None:
    """The figure of a metric, in whatever space; of several the first that names its space."""
    named = [one for one in found.values() if one.metric == metric]
    return next((one for one in named if one.value is not None), None)


def setup(subject: Subject, words: Words) -> Section:
    """Recipe, data and how it was trained, as a table."""
    recipe, plan = subject.recipe, subject.plan
    rows = [(words("setup.recipe"), recipe.name), (words("setup.source"), recipe.source)]
    if recipe.name in builtin.RECIPES:
        changed = differences(recipe, builtin.RECIPES[recipe.name], "machine", "seed")
        rows.append((words("setup.changes"), ", ".join(f"`{one}`" for one in changed) or words("report.none")))
    rows.append((words("setup.data"), data_name(subject)))
    counts = subject.run.split_counts()
    if counts:
        shown = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        trained = str(subject.provenance["splits"].get("trained_on", "?"))
        rows += [(words("setup.splits"), shown), (words("setup.trained-on"), trained)]
    if subject.domain is not None:
        names = subject.domain.class_names
        shown = ", ".join(names[:20]) + (f", ... ({len(names)})" if len(names) > 20 else "")
        form = diagrams.shape(subject.domain.shape)
        rows += [(words("setup.form"), form), (words("setup.classes"), shown or words("report.none"))]
    rows.append((words("setup.latent"), f"{recipe.latent.dim} x {recipe.latent.distribution}"))
    for network in ("generator", "discriminator"):
        one = getattr(recipe.optim, network[0])
        shown = f"{one.name}, lr {one.lr:g}" + (f", betas {one.betas}" if "ada" in one.name or "rada" in one.name else "")
        shown += f", weight decay {one.weight_decay:g}" if one.weight_decay else ""
        shown += f", {one.schedule}" if one.schedule != "constant" else ""
        rows.append((words("setup.optimiser", network=words(f"networks.{network}")), shown))
    train = recipe.train
    rows += [
        (words("setup.batch"), str(train.batch)), (words("setup.epochs"), str(train.epochs)),
        (words("setup.order"), words(f"setup.order-{train.order}")),
        (words("setup.fakes"), words(f"setup.fakes-{train.fakes}")),
        (words("setup.critic"), str(train.critic_steps)), (words("setup.seed"), str(recipe.seed)),
    ]  # fmt: skip
    section = Section("setup", words("setup.title"))
    section.add(Table((words("setup.field"), words("setup.value")), tuple(rows)))
    if plan is None:
        section.add(Paragraph(words("state.no-provenance")))
    if recipe.notes:
        section.add(Paragraph(words("setup.notes")), Items(recipe.notes[:MOST_NOTES]))
    return section


def losses(subject: Subject, words: Words) -> Section:
    """What is minimised, as equations with their source."""
    recipe = subject.recipe
    intro = "losses.intro" if recipe.conditional else "losses.intro-unconditional"
    section = Section("losses", words("losses.title")).add(
        Paragraph(words(intro, name=f"`{recipe.loss.name}`")), *equations(recipe), Paragraph(words("losses.symbols"), True)
    )
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
        told = words("training.reading", chance=subject.bounds.chance, floor=subject.bounds.floor)
        section.add(Paragraph(told))
    section.add(course(subject, words))
    if len(subject.evaluations) > 1:
        position = selection.best(subject.recipe, subject.evaluations)
        best = None if position is None else subject.evaluations[position].images
        drawn = pictures.drawn(
            lambda path: metric_plots.metric_curves(
                path, subject.evaluations, subject.recipe.name, pictures.plot(), best
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
            f"{last:.4g}", *(number(one) for one in means), ", ".join(number(one) for one in spreads),
            number(subject.mean("g_gradient", first, last)), "-" if right is None else f"{right:.1%}",
        ))  # fmt: skip
    header = tuple(words(f"training.{name}") for name in ("epoch", "d", "g", "between", "gradient", "accuracy"))
    return Table(header, tuple(rows), words("training.table"), frozenset(range(6)))


def samples(subject: Subject, words: Words) -> Section:
    """Grids over the training, and two moments beside each other."""
    section = Section("samples", words("samples.title"))
    if not subject.grids:
        return section.add(Paragraph(words("state.no-samples")))
    chosen = pictures.spread(subject.grids, pictures.FRAMES)
    frames = tuple((words("samples.epoch", epoch=round(epoch, 3)), pictures.small(path)) for epoch, path in chosen)
    section.add(Slider(frames, words("samples.alt"), words("samples.slider")))
    trained = [pair for pair in subject.grids if pair[0] > 0]
    if len(trained) > 1:
        early = trained[max(0, len(trained) // 10 - 1)]
        both = tuple((words("samples.epoch", epoch=round(e, 3)), pictures.small(p)) for e, p in (early, trained[-1]))
        section.add(Beside(both, words("samples.alt"), words("samples.moments")))
    return section


def figures(subject: Subject, words: Words) -> Section:
    """The figures with error, floor and protocol, and over the training."""
    section = Section("figures", words("figures.title"))
    found, split = measured(subject)
    run = shlex.quote(subject.path)
    if not found:
        return section.add(Paragraph(words("state.no-evaluations", run=run)))
    if subject.evaluation is not None:
        facts = subject.evaluation.protocol
        told = words(
            "figures.test", generated=f"{facts.n_generated:,}", real=f"{facts.n_real:,}", split=split, data=facts.data.name
        )
    else:
        epoch, images = subject.evaluations[-1].epoch, subject.recipe.evaluation.images
        told = words("figures.log", epoch=epoch, images=f"{images:,}", run=run)
    section.add(Paragraph(told), table(found, words))
    if subject.evaluation is not None:
        network = subject.evaluation.protocol.feature_network
        accuracy = network.accuracy.get(split)
        if accuracy is not None:
            told = words(
                "figures.network", data=network.data, accuracy=accuracy, split=split, sha=network.sha256[:12]
            )
            section.add(Paragraph(told, True))
    per_class = subject.evaluation.per_class if subject.evaluation else subject.evaluations[-1].per_class
    worst = classes.least_accurate(per_class or {}, 3)
    if worst:
        shown = ", ".join(f'"{name}" {value:.1%}' for name, value in worst)
        section.add(Paragraph(words("figures.worst", classes=shown)))
    return section.add(over_time(subject, words))


def table(found: dict[str, Figure], words: Words) -> Table:
    """Each figure that has a value."""
    ways = {"higher": "figures.higher", "lower": "figures.lower", "near the floor": "figures.near"}
    rows = []
    for name, one in found.items():
        metric = METRICS.get(one.metric)
        if metric is not None and one.value is not None:
            meaning = words.get(f"metric.{one.metric}", metric.text)
            numbers = (number(one.value), number(one.se), number(one.floor))
            rows.append((f"`{name}`", words(ways[metric.better]), *numbers, meaning))
    header = tuple(words(f"figures.{key}") for key in ("figure", "better", "value", "se", "floor", "meaning"))
    return Table(header, tuple(rows), "", frozenset((2, 3, 4)))


def over_time(subject: Subject, words: Words) -> Table | None:
    """The headline figures of evaluations; none with fewer than two."""
    if len(subject.evaluations) < 2:
        return None
    chosen = pictures.spread(subject.evaluations, MOST_LINES)
    names = [
        name for name, one in subject.evaluations[-1].evaluation.items() if one.metric in HEADLINES
    ]  # fmt: skip
    rows = tuple((f"{record.epoch:.4g}", *(number(record.value(name)) for name in names)) for record in chosen)
    header = (words("training.epoch"), *(f"`{name}`" for name in names))
    return Table(header, rows, words("figures.over-time"), frozenset(range(len(header))))


def diagnosis(subject: Subject, words: Words) -> Section:
    """What the log shows, with its evidence and the command to try."""
    section = Section("diagnosis", words("diagnosis.title"))
    if not subject.steps:
        return section.add(Paragraph(words("state.no-log")))
    findings = alarms.ordered(alarms.from_log(subject.recipe, subject.records))
    for one in findings:
        meaning = words.get(f"means.{one.kind}", one.text)
        section.add(Paragraph(f"{words(f'alarm.{one.kind}')} (`{one.kind}`). {meaning}"))
        section.add(Paragraph(words("diagnosis.evidence", evidence=one.evidence), True))
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


def limits(subject: Subject, words: Words) -> Section:
    """What the figures do not show."""
    found, split = measured(subject)
    texts = [words("limits.one")]
    if found:
        texts.append(words("limits.network"))
        texts += [words("limits.validation")] if split == "validation" else []
        texts += [words("limits.label")] if by_metric(found, "label_accuracy") else []
        count = subject.recipe.evaluation.images if subject.evaluation is None else subject.evaluation.protocol.n_generated
        texts += [words("limits.small", images=f"{count:,}")] if count < SMALL else []
        trained_on = str(subject.provenance.get("splits", {}).get("trained_on", ""))
        texts += [words("limits.all-images")] if "validation" in trained_on and split == "validation" else []
    return Section("limits", words("limits.title")).add(Items((*texts, words("limits.eyes"))))


def environment(subject: Subject, words: Words) -> Section:
    """Versions, machine and settings of each session."""
    section = Section("environment", words("environment.title"))
    sessions = [one for one in subject.provenance.get("sessions") or [] if isinstance(one, dict)]
    if not sessions:
        return section.add(Paragraph(words("state.no-provenance")))
    rows = []
    for place, one in enumerate(sessions[-MOST_LINES:], max(1, len(sessions) - MOST_LINES + 1)):
        settings = one.get("settings") or {}
        versions = ", ".join(f"{name} {one[name]}" for name in ("condgan", "python", "torch", "jittor", "numpy") if name in one)
        used = ", ".join(str(settings.get(name, "?")) for name in ("device", "threads", "precision"))
        rows.append((str(place), str(one.get("started", "?")), versions, str(one.get("platform", "?")), used))
    header = tuple(words(f"environment.{name}") for name in ("session", "started", "versions", "machine", "settings"))
    return section.add(Table(header, tuple(rows)))


def repeat(subject: Subject, words: Words) -> Section:
    """The commands that make all this again."""
    run = shlex.quote(subject.path)
    lines = [builtin.command(subject.recipe) if subject.recipe.name in builtin.RECIPES else "condgan train recipe.json"]
    lines += [f"condgan evaluate {run}", f"condgan diagnose {run}", f"condgan sample {run} --grid -o grid.png"]
    section = Section("repeat", words("repeat.title"))
    section.add(Paragraph(words("repeat.intro")), Code("\n".join(lines), "console"))
    if subject.recipe.name not in builtin.RECIPES:
        section.add(Paragraph(words("repeat.recipe")), Code(to_json(subject.recipe).strip(), "json"))
    sha = generator_hash(subject)
    return section.add(None if sha is None else Paragraph(words("repeat.hash", sha=sha), True))


def generator_hash(subject: Subject) -> str | None:
    """Of the generator's weights; none where it cannot be loaded."""
    from condgan.generation import generator

    try:
        return generator.of_run(subject.run, epoch=subject.until).sha256
    except CondganError:
        return None


def cited(subject: Subject, words: Words) -> Section:
    """The papers that the report names."""
    found: Iterable[str] = references(subject.recipe, {one.metric for one in measured(subject)[0].values()})
    return Section("references", words("references.title")).add(Items(tuple(found), numbered=True))
