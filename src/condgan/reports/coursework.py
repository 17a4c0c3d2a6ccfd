"""The report of a run as it is handed in for a course: from the title page to the repository address."""

import re
import shlex
from collections.abc import Callable, Sequence

from condgan.errors import CondganError
from condgan.evaluation.summary import number
from condgan.experiments import side_by_side
from condgan.experiments.trainings import CHANCE, Trainings
from condgan.generation.run import Run
from condgan.recipe import Data, Output, Recipe
from condgan.recipe.text import differences
from condgan.reports import diagrams, figures, of_run, pictures, repeating
from condgan.reports.document import Beside, Block, Code, Document, Items, Paragraph, Picture, Section
from condgan.reports.language import Words
from condgan.reports.subject import Subject

REPOSITORY = "repository"  # the field of the title page that is repeated at the end
LINES = 10  # of the log at its beginning, and at its end
GRIDS = 6
FIELD = re.compile(r"[\w.]+=[\w.-]+")  # in the reason why there is no plain script
WON = 0.97  # share of images that a discriminator is right on
NO_VARIETY = 0.05  # of the coverage
TENTH = 0.1  # a change of a loss, or of a distance, that is worth a word


def document(subject: Subject, words: Words, author: Sequence[tuple[str, str]]) -> Document:
    """The report of a run for a course."""
    makers: tuple[Callable[[Subject, Words], Section], ...] = (
        abstract, environment, of_run.losses, method, data, of_run.layers, loop, of_run.training, log, grids, result,
        figures.figures, discussion, conclusion, figures.limits, repeating.repeat, repeating.cited,
    )  # fmt: skip
    sections = [make(subject, words) for make in makers]
    name = words(f"author.{REPOSITORY}")
    address = next((value for field, value in author if field == name), None)
    if address is not None:
        sections.append(Section(REPOSITORY, name).add(Paragraph(address)))
    return Document(
        words.lang, of_run.title(subject, words), of_run.subtitle(subject, words), sections, author, contents=True
    )


def abstract(subject: Subject, words: Words) -> Section:
    """What was done, how good it became, and what stands out."""
    return Section("abstract", words("coursework.abstract")).add(
        *(block for block in of_run.summary(subject, words).blocks if isinstance(block, Paragraph)),
        Paragraph(words(f"coursework.{drift(subject)}", **course(subject))),
    )


def course(subject: Subject) -> dict[str, str]:
    """Losses and distance early and late, as they stand in sentences."""
    end = subject.steps[-1].epoch if subject.steps else 0.0
    found = {"first": f"{end / 5:.3g}", "last": f"{end:.4g}"}
    for name in ("d_loss", "g_loss"):
        found[f"{name}_early"] = number(subject.mean(name, 0, end / 5))
        found[f"{name}_late"] = number(subject.mean(name, 0.8 * end, end))
    right = subject.mean("d_accuracy", 0.8 * end, end)
    found["right"] = "?" if right is None else f"{right:.1%}"
    found["coverage"] = number(covered(subject))
    values = distances(subject)
    if values:
        found |= {
            "fid_early": number(values[0][1]),
            "fid_late": number(values[-1][1]),
            "fid_best": number(best(values)[1]),
        }
        found |= {"early": f"{values[0][0]:.4g}", "late": f"{values[-1][0]:.4g}", "best": f"{best(values)[0]:.4g}"}
    return found


def distances(subject: Subject) -> list[tuple[float, float]]:
    """Epoch and Frechet distance of each evaluation that has one."""
    return [
        (record.epoch, one.value)
        for record in subject.evaluations
        for one in record.evaluation.values()
        if one.metric == "fid" and one.value is not None
    ]


def covered(subject: Subject) -> float | None:
    """The coverage at the last evaluation; none where it was not measured."""
    last = subject.evaluations[-1].evaluation.values() if subject.evaluations else []
    return next((one.value for one in last if one.metric == "coverage"), None)


def best(values: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The evaluation with the least distance."""
    return min(values, key=lambda pair: pair[1])


def drift(subject: Subject) -> str:
    """How the losses went: won by the discriminator, apart, together, or steady; a log may be too short."""
    end = subject.steps[-1].epoch if subject.steps else 0.0
    ends = [(subject.mean(name, 0, end / 5), subject.mean(name, 0.8 * end, end)) for name in ("d_loss", "g_loss")]
    (d, d_late), (g, g_late) = ends
    if d is None or d_late is None or g is None or g_late is None:
        return "no-course"
    if (subject.mean("d_accuracy", 0.8 * end, end) or 0.0) > WON:
        return "won"
    falls, rises = d_late < d - TENTH * abs(d), g_late > g + TENTH * abs(g)
    return "apart" if falls and rises else "together" if d_late > d + TENTH * abs(d) and not rises else "steady"


def quality(subject: Subject) -> str:
    """How the pictures went: better to the end, worse after their best, without variety, or unknown."""
    values, coverage = distances(subject), covered(subject)
    if len(values) < 2:
        return "unknown"
    if coverage is not None and coverage < NO_VARIETY:
        return "no-variety"
    worse = values[-1][1] > (1 + TENTH) * best(values)[1]
    return "past-best" if worse else "better" if values[-1][1] < (1 - TENTH) * values[0][1] else "as-good"


def environment(subject: Subject, words: Words) -> Section:
    """Versions and machine, and how it is installed."""
    engine = subject.recipe.machine.engine
    install = "pip install '.[jittor]'" if engine == "jittor" else "pip install torch\npip install ."
    commands = f"python -m venv .venv\n. .venv/bin/activate\n{install}\ncondgan doctor"
    return repeating.environment(subject, words).add(Paragraph(words("environment.install")), Code(commands, "console"))


def method(subject: Subject, words: Words) -> Section:
    """The training step in words, as the recipe has it."""
    train = subject.recipe.train
    first = ("step-g", "step-d") if train.order == "g-first" else ("step-d", "step-g")
    steps = [words("coursework.step-draw", batch=train.batch)]
    if train.fakes == "shared":
        steps.append(words("coursework.step-fakes"))
    steps += [words(f"coursework.{name}-{train.fakes}", count=train.critic_steps) for name in first]
    if train.ema is not None:
        steps.append(words("coursework.step-average", decay=train.ema))
    section = Section("method", words("coursework.method"))
    return section.add(Paragraph(words("coursework.each-step")), Items(tuple(steps), numbered=True))


def data(subject: Subject, words: Words) -> Section:
    """The data set, its splits and form."""
    return Section("data", words("coursework.data")).add(
        *(block for block in of_run.setup(subject, words).blocks), Paragraph(words("coursework.range"), True)
    )


def loop(subject: Subject, words: Words) -> Section:
    """The training loop as code that runs by itself."""
    from condgan.reports.script import script

    section = Section("loop", words("coursework.loop"))
    try:
        text = script(of_mnist(subject.recipe), engine=subject.recipe.machine.engine)
    except CondganError as error:
        first = next(iter(FIELD.findall(str(error))), "?")
        return section.add(Paragraph(words("coursework.no-loop", field=f"`{first}`")))
    section.add(Paragraph(words("coursework.own-loop")))
    if subject.recipe.data.source not in ("", "mnist"):
        section.add(Paragraph(words("coursework.loop-of-mnist")))
    return section.add(Code(text, "python"))


def of_mnist(recipe: Recipe) -> Recipe:
    """A recipe on MNIST, with no row of classes at its end: neither changes the loop."""
    data = Data(source="mnist", train_on="auto", size=recipe.data.size)
    output = recipe.output.model_copy(update={"sequence": Output().sequence})
    return recipe.model_copy(update={"data": data, "output": output})


def log(subject: Subject, words: Words) -> Section:
    """Lines of the log as the published programs print them: of single batches, counted from 0."""
    section = Section("log", words("coursework.log"))
    plan = subject.plan
    known = [record for record in subject.steps if {"d_loss", "g_loss"} <= record.last.keys()]
    if plan is None or not known:
        return section.add(Paragraph(words("state.no-log")))
    lines = []
    for record in known:
        epoch, batch = divmod(record.step - 1, plan.steps_per_epoch)
        lines.append(
            f"[Epoch {epoch}/{plan.epochs}] [Batch {batch}/{plan.steps_per_epoch}] "
            f"[D loss: {record.last['d_loss']:f}] [G loss: {record.last['g_loss']:f}]"
        )
    shown = lines if len(lines) <= 2 * LINES else [*lines[:LINES], "...", *lines[-LINES:]]
    return section.add(Paragraph(words("coursework.log-lines")), Code("\n".join(shown)))


def grids(subject: Subject, words: Words) -> Section:
    """Sample grids by batches, from batch 0."""
    section = Section("grids", words("coursework.grids"))
    if not subject.grids or subject.plan is None:
        return section.add(Paragraph(words("state.no-samples")))
    each = subject.plan.steps_per_epoch
    chosen = [
        (words("coursework.batch", batch=round(epoch * each)), pictures.small(path))
        for epoch, path in pictures.spread(subject.grids, GRIDS)
    ]
    rows: list[Block] = [Beside(tuple(chosen[at : at + 2]), words("samples.alt")) for at in range(0, len(chosen), 2)]
    return section.add(Paragraph(words("coursework.grids-what")), *rows)


def result(subject: Subject, words: Words) -> Section:
    """The row of digits that such exercises ask for, and the loss curves of both engines where both were run."""
    section = Section("result", words("coursework.result"))
    if subject.until is None and pictures.readable(subject.run.result):
        section.add(Picture(pictures.small(subject.run.result), words("coursework.row"), "", pixelated=True, width=60))
    run = shlex.quote(subject.path)
    section.add(
        Paragraph(words("coursework.exact")),
        Code(f"condgan sample {run} {row(subject)} --exact -o result.png", "console"),
    )
    other = other_engine(subject)
    if other is not None:
        sides = [Trainings(run.recipe.machine.engine, (run,)) for run in (subject.run, other)]
        drawn = pictures.maybe_drawn(lambda path: side_by_side.draw_curves(sides, path))
        if drawn is not None:
            section.add(Picture(drawn, words("coursework.engines"), words("coursework.engines")))
    return section


def row(subject: Subject) -> str:
    """Classes as they are asked for: the recipe's own row, digits together, or the first names with commas."""
    names = subject.domain.class_names if subject.domain else ()
    if subject.recipe.output.sequence:
        return shlex.quote(str(subject.recipe.output.sequence))
    digits = all(len(name) == 1 and name.isdigit() for name in names)
    return "".join(names) if digits else shlex.quote(",".join(names[:8]))


def other_engine(subject: Subject) -> Run | None:
    """A run beside this one with the same recipe and seed in another engine; none without one."""
    recipe = subject.recipe
    for folder in sorted(subject.run.folder.absolute().parent.iterdir()):
        if folder == subject.run.folder.absolute() or not (folder / "recipe.json").is_file():
            continue
        try:
            other = Run(folder).recipe
        except (CondganError, OSError):
            continue
        alike = other.seed == recipe.seed and not differences(other, recipe, *CHANCE)
        if alike and other.machine.engine != recipe.machine.engine:
            return Run(folder)
    return None


def discussion(subject: Subject, words: Words) -> Section:
    """What the losses did, what the pictures did, and what this run's diagnosis says of it."""
    section = Section("discussion", words("coursework.discussion"))
    told = course(subject)
    section.add(Paragraph(words(f"coursework.{drift(subject)}", **told)))
    section.add(Paragraph(words(f"coursework.{quality(subject)}", **told)))
    if drift(subject) == "apart" and quality(subject) in ("better", "as-good"):
        section.add(Paragraph(words("coursework.losses-lie")))
    return section.add(*of_run.diagnosis(subject, words).blocks)


def conclusion(subject: Subject, words: Words) -> Section:
    """What was reached, and what would come next."""
    found, split = figures.measured(subject)
    section = Section("conclusion", words("coursework.conclusion"))
    accuracy = figures.by_metric(found, "label_accuracy")
    if accuracy is not None and accuracy.value is not None:
        shape = diagrams.shape(subject.domain.shape) if subject.domain else "?"
        told = words(
            "coursework.reached",
            epochs=f"{subject.epoch:g}",
            accuracy=accuracy.value,
            split=words.split(split),
            shape=shape,
        )
        section.add(Paragraph(told))
    diverged = subject.until is None and subject.status.state == "diverged"
    coming = "diverged" if diverged else quality(subject)
    return section.add(Paragraph(words(f"coursework.next-{coming}", **course(subject))))
