"""Reports say what a run's files say, in both languages, load nothing from elsewhere, and execute nothing of them."""

import base64
import itertools
import json
import re
import shlex
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import condgan
from condgan import cli, recipes
from condgan.claims.reproduce import CLAIMS
from condgan.diagnosis.alarms import ALARMS
from condgan.diagnosis.alarms.evidence import PHRASES
from condgan.engines.losses import PENALTIES
from condgan.errors import ArgumentError, CondganError
from condgan.evaluation.comparison import METRICS
from condgan.experiments import seeds, spaces
from condgan.experiments.study import Outcome, Study
from condgan.recipe.losses import LOSSES
from condgan.reports import coursework, equations, language, of_comparison, planned, printing, rendering
from condgan.reports.document import Table
from condgan.reports.report import report
from condgan.reports.subject import Subject
from condgan.results.records import EvaluationRecord, of_kind
from condgan.runs.run import Run
from condgan.storage.manifest import Manifest

TINY = (
    "generator.hidden=8", "discriminator.hidden=8", "latent.dim=4", "evaluation.every=300", "evaluation.images=200",
    "output.grid_every=300", "output.log_every=2", "machine.threads=1",
)  # fmt: skip
NASTY = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def trained(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs with three evaluations."""
    folder = tmp_path_factory.mktemp("report") / "run"
    condgan.train("cgan-lsgan", *TINY, data=digits, epochs=2, run=folder)
    return folder


class Page(HTMLParser):
    """What a page has in it: tags with their attributes, and the text of paragraphs and cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        self.inside = tag

    def handle_data(self, data: str) -> None:
        (self.scripts if self.inside in ("script", "style") else self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page(path: Path) -> Page:
    return Page(path.read_text("utf-8"))


@pytest.mark.parametrize("lang", language.LANGUAGES)
def test_each_sentence_of_the_discussion_has_its_values(trained: Path, tmp_path: Path, lang: str) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    with_coverage(run, 0.5)
    words, told = language.Words(lang), coursework.course(Subject.open(run))
    for name in (
        "won", "apart", "together", "steady", "no-course", "better", "as-good", "past-best", "no-variety", "unknown",
        *(f"next-{name}" for name in ("better", "as-good", "past-best", "no-variety", "unknown", "diverged")),
    ):  # fmt: skip
        assert "{" not in words(f"coursework.{name}", **told)


def with_coverage(run: Path, value: float | None) -> None:
    """Write other values of the coverage into the log of a run, and a distance that falls."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    for number, line in enumerate(line for line in lines if "evaluation" in line):
        line["evaluation"] = {
            name: figure for name, figure in line["evaluation"].items() if not name.startswith(("coverage", "fid"))
        } | {"fid_mnist": {"value": 9.0 - number}}
        if value is not None:
            line["evaluation"]["coverage"] = {"value": value}
    (run / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize(
    ("coverage", "expected"), [(0.01, "next to no variety"), (0.5, "get better"), (None, "get better")]
)
def test_coursework_tells_pictures_without_variety(
    trained: Path, tmp_path: Path, coverage: float | None, expected: str
) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    with_coverage(run, coverage)
    assert expected in page(report(run, tmp_path / "r.html", purpose="coursework")[0]).text


def test_a_log_that_ends_early_is_told(trained: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    assert "lines are missing" not in page(report(run, tmp_path / "whole.html")[0]).text
    lines = (run / "log.jsonl").read_text().splitlines(keepends=True)
    (run / "log.jsonl").write_text("".join(lines[: len(lines) // 2]))
    for purpose in (None, "coursework"):
        text = page(report(run, tmp_path / "cut.html", purpose=purpose)[0]).text
        assert "lines are missing" in text


def test_means_are_over_steps_and_not_over_lines(trained: Path) -> None:
    """Lines of 2 steps, but for the last one of an epoch."""
    subject = Subject.open(trained)
    starts, sums = 0, 0.0
    for record in subject.steps:
        sums += record.mean["g_loss"] * (record.step - starts)
        starts = record.step
    assert subject.mean("g_loss", 0, np.inf) == pytest.approx(sums / starts, rel=1e-12)
    assert len({b.step - a.step for a, b in itertools.pairwise(subject.steps)}) > 1


def test_the_networks_end_with_the_output_function(trained: Path, tmp_path: Path) -> None:
    assert "Tanh" in page(report(trained, tmp_path / "r.html")[0]).text


def test_a_folder_that_is_nothing_yet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "AB").mkdir()
    (tmp_path / "AB" / "curves.png").write_bytes(b"")
    with pytest.raises(CondganError, match="condgan compare"):
        report(tmp_path / "AB", tmp_path / "r.html")


@pytest.mark.parametrize("lang", language.LANGUAGES)
def test_a_damaged_generator_is_named(trained: Path, tmp_path: Path, lang: str) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    assert "generator.safetensors" not in page(report(run, tmp_path / "whole.html", lang=lang)[0]).text
    file = run / "generator.safetensors"
    file.write_bytes(file.read_bytes()[:2000])
    assert "generator.safetensors" in page(report(run, tmp_path / "cut.html", lang=lang)[0]).text


def test_trainings_that_a_cut_journal_lacks_are_named(digits: Path, tmp_path: Path) -> None:
    seeds.train_seeds("cgan-lsgan", *TINY, seeds=2, data=digits, epochs=1, study=tmp_path / "study")
    journal = tmp_path / "study" / "journal.jsonl"
    assert "journal is damaged" not in page(report(tmp_path / "study", tmp_path / "whole.html")[0]).text
    journal.write_text(journal.read_text()[:5])
    text = page(report(tmp_path / "study", tmp_path / "cut.html")[0]).text
    assert "seed-0, seed-1" in text
    assert "condgan resume" in text


@pytest.mark.parametrize("lang", language.LANGUAGES)
@pytest.mark.parametrize("purpose", [None, "coursework"])
def test_a_report_says_what_the_run_says_and_loads_nothing(
    lang: str, purpose: Any, trained: Path, tmp_path: Path
) -> None:
    report(trained, tmp_path / "r.html", lang=lang, purpose=purpose, author=[("name", "Li"), ("course", "GAN")])
    found = page(tmp_path / "r.html")
    run = Run(trained)
    last = of_kind(run.records(), EvaluationRecord)[-1]
    for figure in last.evaluation.values():
        if figure.value is not None:
            assert f"{figure.value:#.4g}" in found.text or f"{figure.value:.1e}" in found.text
    state = run.checkpoint()
    assert state.is_file()
    assert condgan.load(trained).sha256 in found.text
    assert "Li" in found.text
    for tag, attributes in found.tags:
        for name in ("src", "href", "action", "data", "srcset"):
            value = attributes.get(name) or ""
            assert value.startswith(("data:image/png;base64,", "#")) or not value, (tag, value[:80])
    (manifest,) = [attributes["content"] for tag, attributes in found.tags if attributes.get("name") == "condgan"]
    told = Manifest.from_json(manifest or "")
    assert (told.kind, told.synthetic, told.recipe) == ("report", True, "cgan-lsgan")
    titles = [attributes.get("id") for tag, attributes in found.tags if tag == "section"]
    assert len(titles) == len(set(titles)) >= 12


def test_pictures_in_a_report_are_those_of_the_run(trained: Path, tmp_path: Path) -> None:
    report(trained, tmp_path / "r.html")
    found = [str(attributes.get("src")) for tag, attributes in page(tmp_path / "r.html").tags if tag == "img"]
    grids = sorted((trained / "samples").glob("[0-9]*.png"))
    shown = [np.asarray(Image.open(base64_file(src)).convert("RGB")) for src in found]
    for path in grids:
        with Image.open(path) as picture:
            expected = np.asarray(picture.convert("RGB"))
        assert any(one.shape == expected.shape and np.array_equal(one, expected) for one in shown), path


def base64_file(src: str) -> Any:
    import io

    return io.BytesIO(base64.b64decode(src.partition(",")[2]))


def test_moments_are_shown_side_by_side(digits: Path, tmp_path: Path) -> None:
    run = condgan.train("cgan-lsgan", *TINY, "output.keep_every=1", data=digits, epochs=2, run=tmp_path / "run")
    report(run, tmp_path / "r.html", moments=(1, 2))
    found = [str(attributes.get("src")) for tag, attributes in page(tmp_path / "r.html").tags if tag == "img"]
    shown = [np.asarray(Image.open(base64_file(src)).convert("RGB")) for src in found]
    for epoch in (1, 2):
        with pytest.raises(SystemExit):
            cli.main(["sample", f"{run.folder}@{epoch}", "--grid", "-o", str(tmp_path / f"{epoch}.png")])
        with Image.open(tmp_path / f"{epoch}.png") as picture:
            expected = np.asarray(picture.convert("RGB"))
        assert any(one.shape == expected.shape and np.array_equal(one, expected) for one in shown)
    with pytest.raises(CondganError, match="9"):
        report(run, tmp_path / "other.html", moments=(1, 9))
    assert not (tmp_path / "other.html").exists()


def test_markdown_has_the_same_words_and_its_pictures_beside_it(trained: Path, tmp_path: Path) -> None:
    files = report(trained, tmp_path / "r.md", lang="zh")
    text = (tmp_path / "r.md").read_text("utf-8")
    links = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert files == [tmp_path / "r.md", tmp_path / "r-pictures"]
    assert sorted(links) == sorted(f"r-pictures/{path.name}" for path in (tmp_path / "r-pictures").iterdir())
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) > 20
    for first, second in itertools.pairwise(rows):
        if set(second) <= set("|-: "):
            assert len(first.split("|")) == len(second.split("|"))
    assert condgan.load(trained).sha256 in text


def test_nothing_of_data_or_fields_is_executed(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    provenance = json.loads((folder / "provenance.json").read_text())
    names = [NASTY, "日本語", "a|b`c`", "$x$", *provenance["domain"]["class_names"][4:]]
    provenance["domain"]["class_names"] = names
    provenance["domain"]["data"] = NASTY
    provenance["sessions"][0]["platform"] = NASTY
    (folder / "provenance.json").write_text(json.dumps(provenance))
    recipe = json.loads((folder / "recipe.json").read_text())
    recipe["name"], recipe["source"], recipe["notes"] = "mine", NASTY, [NASTY]
    (folder / "recipe.json").write_text(json.dumps(recipe))
    plain = page(report(trained, tmp_path / "plain.html")[0])
    for purpose in (None, "coursework"):
        report(folder, tmp_path / "r.html", purpose=purpose, author=[(NASTY[:30], NASTY)])  # type: ignore[arg-type]
        found = page(tmp_path / "r.html")
        assert found.scripts == plain.scripts
        assert sum(tag == "script" for tag, _ in found.tags) == 1
        assert NASTY in found.text
    report(folder, tmp_path / "r.md")
    text = (tmp_path / "r.md").read_text("utf-8")
    outside = re.sub(r"```.*?```|`[^`\n]*`|<!--.*?-->", "", text, flags=re.S)
    assert not re.search(r"(?<!\\)<script", outside)


def test_both_engines_are_drawn_where_both_were_run(trained: Path, tmp_path: Path) -> None:
    for engine in ("torch", "jittor"):
        shutil.copytree(trained, tmp_path / "runs" / engine)
        recipe = json.loads((tmp_path / "runs" / engine / "recipe.json").read_text())
        recipe["machine"]["engine"] = engine
        (tmp_path / "runs" / engine / "recipe.json").write_text(json.dumps(recipe))
    words = "Losses of both engines on one axis"
    assert words in page(report(tmp_path / "runs" / "torch", tmp_path / "r.html", purpose="coursework")[0]).text
    assert words not in page(report(trained, tmp_path / "r.html", purpose="coursework")[0]).text


def test_what_is_missing_is_said(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    (folder / "status.json").write_text(json.dumps({"state": "stopped", "step": 3, "epoch": 0.5}))
    lines = [line for line in (folder / "log.jsonl").read_text().splitlines() if '"evaluation"' not in line]
    (folder / "log.jsonl").write_text("\n".join(lines) + "\n")
    shutil.rmtree(folder / "samples")
    (folder / "provenance.json").unlink()
    for purpose in (None, "coursework"):
        text = page(report(folder, tmp_path / "r.html", purpose=purpose)[0]).text  # type: ignore[arg-type]
        for words in ("has not finished", "there are no figures", "no sample pictures", "is not recorded"):
            assert words in text
    (folder / "status.json").write_text(json.dumps({"state": "diverged", "step": 3, "epoch": 0.5, "reason": "NaN"}))
    (folder / "log.jsonl").write_text("")
    text = page(report(folder, tmp_path / "r.html", lang="zh", purpose="coursework")[0]).text
    assert "发散：NaN" in text
    assert "日志是空的" in text


def test_a_study_and_a_comparison(digits: Path, tmp_path: Path) -> None:
    study = seeds.train_seeds("cgan-lsgan", *TINY, seeds=2, data=digits, epochs=1, study=tmp_path / "A")
    study.ended(Outcome(trial="seed-7", state="failed", reason=f"no space {NASTY}"))
    for lang, words in (("en", "failed"), ("zh", "失败")):
        text = page(report(study.folder, tmp_path / "s.html", lang=lang)[0]).text
        assert f"no space {NASTY}" in text
        assert words in text
        values = [Study(study.folder).run(f"seed-{seed}").evaluations()[-1].value("label_accuracy") for seed in (0, 1)]
        assert f"{np.mean([value for value in values if value is not None]):#.4g}" in text
    condgan.compare(tmp_path / "A" / "seed-0", tmp_path / "A" / "seed-1", output=tmp_path / "AB")
    told = json.loads((tmp_path / "AB" / "comparison.json").read_text())
    text = page(report(tmp_path / "AB", tmp_path / "c.html", lang="zh")[0]).text
    assert text.count("无从判断") >= len(told["figures"])
    told["comparisons"][0]["figures"]["recall"] = 3
    (tmp_path / "AB" / "comparison.json").write_text(json.dumps(told))
    with pytest.raises(CondganError, match=r"comparison\.json is damaged"):
        report(tmp_path / "AB", tmp_path / "c.html")
    with pytest.raises(CondganError, match="expected a run, not a study; name one"):
        report(study.folder, tmp_path / "c.html", purpose="coursework")


@pytest.mark.parametrize(
    ("words", "says"),
    [(("{run}", "-o", "r.doc"), "expected a file that ends in .html, .md, .pdf"),
     (("{run}", "-o", "r.html", "--author", "name"), "--author name: expected FIELD=VALUE"),
     (("{run}", "-o", "r.html", "--author", "=x"), "FIELD=VALUE"),
     (("{run}@9", "-o", "r.html"), "has not reached epoch 9"),
     (("nowhere", "-o", "r.html"), "no run folder"),
     (("{run}", "-o", "{run}/recipe.json/r.html"), "cannot write")],
)  # fmt: skip
def test_bad_input(
    words: tuple[str, ...], says: str, trained: Path, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["report", *(word.format(run=trained) for word in words)])
    told = capsys.readouterr()
    assert stopped.value.code == 2
    assert says in told.err
    assert told.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_without_a_browser_it_says_how_to_print(trained: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(printing, "BROWSERS", ("no-such-browser",))
    monkeypatch.setattr(printing, "PLACES", ())
    with pytest.raises(CondganError, match=r"no browser that prints to PDF was found.*write \.html"):
        report(trained, tmp_path / "r.pdf")
    (tmp_path / "broken").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "broken").chmod(0o755)
    monkeypatch.setattr(printing, "PLACES", (str(tmp_path / "broken"),))
    with pytest.raises(CondganError, match="did not print"):
        report(trained, tmp_path / "r.pdf")
    assert not (tmp_path / "r.pdf").exists()


def test_a_browser_prints_it(trained: Path, tmp_path: Path) -> None:
    try:
        printing.browser()
    except CondganError as error:
        pytest.skip(str(error))
    (path,) = report(trained, tmp_path / "r.pdf", purpose="coursework", lang="zh")
    content = path.read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 4
    report(trained, path)
    again = path.read_bytes()
    assert again.startswith(b"%PDF")
    assert again != content  # one of ours is replaced


def fields(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)", sentence))


def test_every_metric_alarm_and_loss_has_its_words() -> None:
    en = language.table("en")
    assert not [name for name in METRICS if f"metric.{name}" not in en]
    assert not [kind for kind in ALARMS if not {f"alarm.{kind}", f"means.{kind}"} <= set(en)]
    assert set(equations.PAIRS) == set(LOSSES)
    assert set(equations.PENALTIES) == set(PENALTIES)


def test_counts_agree_with_their_words() -> None:
    en = language.Words("en")
    assert "; 1 epoch of 1 image; " in en("run.subtitle", state="s", epochs="1", images=1, seed=0)
    assert "; 4 epochs of 50,000 images; " in en("run.subtitle", state="s", epochs="4", images="50,000", seed=0)
    assert en("study.counted", begun=1, counted="x").startswith("1 training has begun")
    assert en("study.counted", begun=2, counted="x").startswith("2 trainings have begun")


def test_splits_and_names_in_chinese() -> None:
    zh = language.Words("zh")
    assert zh.split("train+validation") == "训练+验证"
    assert zh.quoted("A paper") == "“A paper”"


def test_columns_of_short_cells_are_not_broken() -> None:
    table = Table(
        ("判定", "含义", "a/" * 20), (("无从判断", "邻域内有生成图像的真实图像比例", "1"),), "", frozenset((2,))
    )
    assert rendering._columns(table) == ["short", "", "number short path"]
    wide = Table(("x",), (("word " * 8,),))
    assert rendering._columns(wide) == ["long"]


def test_sides_are_called_by_what_tells_them_apart() -> None:
    assert of_comparison.told(["/r/a/seed-0", "/r/a/seed-1"]) == {"/r/a/seed-0": "seed-0", "/r/a/seed-1": "seed-1"}
    assert list(of_comparison.told(["runs/a/x", "runs/b/x"]).values()) == ["a/x", "b/x"]
    assert list(of_comparison.told(["a", "b/c"]).values()) == ["a", "b/c"]


def test_the_command_of_a_study_plans_the_same_study(tmp_path: Path) -> None:
    base = recipes.get("mnist-fast", ["train.epochs=1", "train.batch=96"])
    plan = {"seeds": 3, "recipe": base.model_dump(mode="json")}
    words = shlex.split(planned.of_seeds(plan, base))
    assert words[:3] == ["condgan", "train", "mnist-fast"]
    assert words[-2:] == ["--seeds", "3"]
    assert recipes.get("mnist-fast", words[3:-2]) == base
    given = ["optim.lr=1e-4..1e-2:log", "train.batch=32,64", "train.epochs=1"]
    space = spaces.parse(recipes.get("mnist-fast"), given)
    sweep = {"words": given, "metrics": ["fid", "seconds"], "trials": 8, "seeds": 1, "sampler": "tpe"}
    words = shlex.split(planned.of_sweep(sweep, space.base))
    assert words == ["condgan", "sweep", "mnist-fast", *given, "--metric", "fid,seconds", "--trials", "8"]


def test_both_languages_have_the_same_sentences() -> None:
    en, zh = (language.table(lang) for lang in language.LANGUAGES)
    assert {f"evidence.{key}" for key in PHRASES} == {key for key in zh if key.startswith("evidence.")}
    for key, phrase in PHRASES.items():  # their English is that of the alarms
        assert fields(phrase) == fields(zh[f"evidence.{key}"]), key
    assert {f"claim.{name}" for name in CLAIMS} == {key for key in zh if key.startswith("claim.")}
    zh = {key: sentence for key, sentence in zh.items() if not key.startswith(("evidence.", "claim."))}
    assert set(en) == set(zh)
    for key, sentence in en.items():
        assert fields(sentence) >= fields(zh[key]), key
        assert zh[key], key
        if not key.startswith(("metric.", "report.none")) and len(sentence) > 40:
            assert re.search(r"[\u4e00-\u9fff]", zh[key]), key


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("network", ["cgan-bce", "gan-mlp"])
def test_every_loss_has_equations_that_are_mathml(name: str, network: str) -> None:
    recipe = recipes.get(network)
    changed = {
        "penalty": recipe.penalty.model_copy(update=dict.fromkeys(equations.PENALTIES, 1.0)),
        "loss": recipe.loss.model_copy(update={"name": name, "halved": True}),
        "watermark": recipe.watermark.model_copy(update={"key": "mark.key"}),
    }
    assert len(equations.equations(recipe)) == 2
    recipe = recipe.model_copy(update=changed)
    found = equations.equations(recipe)
    assert len(found) == 2 + len(equations.PENALTIES) + 1
    for one in found:
        tree = ElementTree.fromstring(rendering.mathml(one.latex))
        assert tree.tag.endswith("math")
        assert one.source
        if network == "gan-mlp":
            assert "y" not in re.sub(r"\\[a-z]+", "", one.latex)


def test_the_equation_of_a_halved_least_squares_loss() -> None:
    d, g = equations.equations(recipes.get("cgan-lsgan"))
    assert d.latex.startswith(r"L_D=\tfrac{1}{2}\left(")
    assert "1-C(x,y)" in d.latex
    smoothed, _ = equations.equations(recipes.get("cgan-bce", ["loss.name=least-squares", "loss.real_target=0.9"]))
    assert "0.9-C(x,y)" in smoothed.latex
    assert r"\tfrac{1}{2}" in smoothed.latex
    assert g.source == "Mao et al. 2017, (2)"


@pytest.mark.parametrize(
    "text",
    ["``<img src=x onerror=1>`", "``` <script>alert(1)</script> ```", "a`b<i>c`d`", "&lt;b&gt;<b>", "\\`<u>x</u>`",
     "a|b`c|d`", "[x](javascript:alert(1))"],
)  # fmt: skip
def test_markdown_has_no_markup_of_data(text: str, trained: Path, tmp_path: Path) -> None:
    from markdown_it import MarkdownIt

    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    recipe = json.loads((folder / "recipe.json").read_text())
    recipe["source"], recipe["notes"] = text, [text]
    (folder / "recipe.json").write_text(json.dumps(recipe))
    report(folder, tmp_path / "r.md", purpose="coursework", author=[("a", text), ("b`", text)])
    tokens = MarkdownIt("commonmark").enable("table").parse((tmp_path / "r.md").read_text("utf-8"))
    every = [one for token in tokens for one in [token, *(token.children or [])]]
    html = [one.content for one in every if one.type in ("html_inline", "html_block")]
    assert all(one.startswith(('<a id="', "</a>", "<!-- condgan")) for one in html), html
    assert not [one for one in every if one.type == "link_open" and not str(one.attrs["href"]).startswith("#")]


@pytest.mark.parametrize(
    "changes",
    [{"sessions": 5}, {"sessions": {"a": 1}}, {"sessions": [None]}, {"sessions": [{"settings": "x"}]}, {"splits": [1]},
     {"splits": None}, {"splits": {"images": {"train": 0}, "trained_on": "train"}},
     {"splits": {"images": {"train": 10**400}, "trained_on": "train"}},
     {"splits": {"images": {"train": float("nan")}, "trained_on": "train"}}, {"domain": 3}, "[" * 100_000],
)  # fmt: skip
def test_provenance_of_any_shape(changes: Any, trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    known = json.loads((folder / "provenance.json").read_text())
    text = changes if isinstance(changes, str) else json.dumps(known | changes)
    (folder / "provenance.json").write_text(text)
    for purpose in (None, "coursework"):
        assert report(folder, tmp_path / "r.html", purpose=purpose) == [tmp_path / "r.html"]  # type: ignore[arg-type]


def test_pictures_that_cannot_be_read_are_left_out(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    grids = sorted((folder / "samples").glob("[0-9]*.png"))
    grids[0].write_bytes(grids[0].read_bytes()[:200])
    (folder / "samples" / "000000001.png").write_text("no picture")
    found = page(report(folder, tmp_path / "r.html", purpose="coursework")[0])
    assert len([tag for tag, _ in found.tags if tag == "img"]) >= 2


def test_nothing_but_a_report_is_replaced(trained: Path, tmp_path: Path) -> None:
    for name in ("README.md", "page.html", "paper.pdf"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(CondganError, match="exists and is kept"):
            report(trained, tmp_path / name)
        assert (tmp_path / name).read_text() == "mine"
    (tmp_path / "new-pictures").mkdir()
    (tmp_path / "new-pictures" / "01-summary.png").write_text("mine")
    with pytest.raises(CondganError, match="new-pictures exists and is kept"):
        report(trained, tmp_path / "new.md")
    for name in ("r.md", "r.html"):
        for _ in range(2):
            report(trained, tmp_path / name)


def test_a_run_that_the_discriminator_has_won_is_handed_in(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    (folder / "log.jsonl").write_text(
        "".join(json.dumps(line | {"d_accuracy": 0.99} if "d_loss" in line else line) + "\n" for line in lines)
    )
    for lang in language.LANGUAGES:
        (path,) = report(folder, tmp_path / f"{lang}.html", purpose="coursework", lang=lang)
        assert "99.0%" in page(path).text


@pytest.mark.parametrize("content", ["", "[]", '{"figures": {"fid": {"value": NaN}}}', "{"])
def test_an_evaluation_that_cannot_be_read_is_said(content: str, trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    (folder / "evaluation").mkdir(exist_ok=True)
    (folder / "evaluation" / "evaluation.json").write_text(content)
    text = page(report(folder, tmp_path / "r.html")[0]).text
    assert "evaluation/evaluation.json is damaged" in text
    assert "have not been looked at" not in text


def test_a_moment_shows_its_own_images(trained: Path, tmp_path: Path) -> None:
    run = condgan.Run(trained)
    kept = next(iter(run.epochs()), None)
    last = run.last_epoch()
    for epoch, shown in ((kept, True), (last, True)):
        if epoch is not None:
            text = page(report(f"{trained}@{epoch}", tmp_path / "r.html")[0]).text
            assert (f"after {epoch} epoch" in text) == shown
            assert "was not kept" not in text
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    shutil.rmtree(folder / "generators", ignore_errors=True)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    text = page(report(f"{folder}@1", tmp_path / "r.html")[0]).text
    assert "The generator of epoch 1 was not kept" in text or "after 1 epoch" in text


def test_a_study_says_which_trainings_are_gone(digits: Path, tmp_path: Path) -> None:
    study = seeds.train_seeds("cgan-lsgan", *TINY, seeds=2, data=digits, epochs=1, study=tmp_path / "A")
    text = page(report(study.folder, tmp_path / "s.html")[0]).text
    assert "mean and spread over the trainings" in text
    assert "Mao et al. 2017" in text.split("References")[-1]
    shutil.rmtree(study.folder / "seed-1")
    text = page(report(study.folder, tmp_path / "s.html")[0]).text
    assert "The run folders of seed-1 are not there any more" in text
    with pytest.raises(ArgumentError, match="expected a run, not a study"):
        report(study.folder, tmp_path / "s.html", moments=(1, 2))
