"""Runs that are really made to fail, each in its way, are told apart, and one that does not is left alone."""

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from condgan import cli
from condgan import data as datasets
from condgan.data import Split
from condgan.diagnosis.alarms import Finding
from condgan.diagnosis.diagnosis import Diagnosis, command, diagnose, report
from condgan.errors import CondganError, DivergedError
from condgan.evaluation import features
from condgan.evaluation.features import FeatureNetwork
from condgan.experiments.seeds import Seeds
from condgan.experiments.study import Study
from condgan.recipe import Data, builtin
from condgan.recipe.text import differences, override
from condgan.runs.run import Run
from condgan.training.training import train

CLASSES = (0, 1, 4, 7)
NAMES = np.array([str(digit) for digit in CLASSES])
SMALL = (
    "data.size=8",
    "latent.dim=16",
    "generator.hidden=64,128",
    "discriminator.hidden=128,64",
    "output.log_every=10",
    "output.grid_every=1000000",
    "evaluation.every=none",
    "machine.threads=1",
)
ONE_HOT = ("generator.condition=one-hot", "discriminator.condition=one-hot")


@pytest.fixture(scope="session")
def mnist() -> Split:
    return datasets.load(Data()).train


@pytest.fixture(scope="session")
def four(mnist: Split, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 real digits of each of four classes."""
    path = tmp_path_factory.mktemp("four") / "four.npz"
    images, labels = of_classes(mnist)
    np.savez(path, images=images, labels=labels, class_names=NAMES)
    return path


def of_classes(mnist: Split) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    rows = np.sort(np.concatenate([np.flatnonzero(mnist.labels == digit)[:400] for digit in CLASSES]))
    return mnist.images[rows, 0], np.searchsorted(CLASSES, mnist.labels[rows])


@pytest.fixture(scope="session")
def eye(four: Path, tmp_path_factory: pytest.TempPathFactory) -> FeatureNetwork:
    """A network that has learnt to read them."""
    dataset = datasets.load(Data(source=str(four), size=8))
    return features.train_to(tmp_path_factory.mktemp("eye") / "eye.safetensors", dataset, 60)


@pytest.fixture(scope="session")
def well(four: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that goes well."""
    run = tmp_path_factory.mktemp("runs") / "well"
    train("cgan-bce", *SMALL, "optim.lr=1e-3", "train.epochs=60", data=four, run=run)
    return run


def kinds(result: Diagnosis) -> list[str]:
    return [finding.kind for finding in result.findings]


def of_kind(result: Diagnosis, kind: str) -> Finding:
    return next(finding for finding in result.findings if finding.kind == kind)


def advice_can_be_followed(result: Diagnosis, run: Path) -> None:
    for finding in result.findings:
        assert override(builtin.get("cgan-bce"), finding.advice)
        assert str(finding.evidence) in report(result, run)


def test_a_healthy_run_is_left_alone(well: Path, eye: FeatureNetwork) -> None:
    result = diagnose(well, features=eye)
    assert result == Diagnosis((), lines=180, evaluations=0, pictures=800, skipped=())
    assert report(result, well) == (
        f"Nothing wrong was found in {well} (180 log lines, 0 evaluations and 800 pictures)."
    )


def test_a_discriminator_that_is_too_strong(four: Path, eye: FeatureNetwork, tmp_path: Path) -> None:
    rates = ("optim.d.lr=2e-3", "optim.g.lr=1e-5", "discriminator.dropout=0", "train.epochs=20")
    run = train("cgan-bce", *SMALL, *rates, data=four, run=tmp_path / "run").folder
    result = diagnose(run, features=eye)
    assert kinds(result)[0] == "discriminator-too-strong"
    assert kinds(result)[-1] == "learning-rates-out-of-balance"
    assert "optim.d.lr=0.0005" in of_kind(result, "discriminator-too-strong").advice
    assert "by chance" in of_kind(result, "wrong-labels").text
    advice_can_be_followed(result, run)


def test_a_generator_that_runs_away_makes_one_picture(four: Path, eye: FeatureNetwork, tmp_path: Path) -> None:
    rates = ("optim.d.lr=1e-5", "optim.g.lr=2e-3", "train.epochs=20")
    run = train("cgan-bce", *SMALL, *rates, data=four, run=tmp_path / "run").folder
    result = diagnose(run, features=eye)
    assert kinds(result) == [
        "generator-too-strong",
        "collapse",
        "learning-rates-out-of-balance",
    ]  # the labels are not to blame
    assert "for every class, whatever the noise" in of_kind(result, "collapse").text
    advice_can_be_followed(result, run)


def test_without_classes_only_collapse_and_memorisation_are_looked_for(
    four: Path, eye: FeatureNetwork, tmp_path: Path
) -> None:
    rates = ("optim.d.lr=1e-5", "optim.g.lr=2e-3", "train.epochs=20")
    run = train("gan-mlp", *SMALL, *rates, data=four, run=tmp_path / "run").folder
    result = diagnose(run, features=eye)
    assert kinds(result) == ["generator-too-strong", "collapse", "learning-rates-out-of-balance"]
    assert "all pictures" in str(of_kind(result, "collapse").evidence)
    assert result.skipped == ("wrong-labels was not checked: the generator is unconditional",)
    assert "\nWrong-labels was not checked: the generator is unconditional.\n" in report(result, run)


def test_spoilt_data_is_told_by_class(four: Path, mnist: Split, eye: FeatureNetwork, tmp_path: Path) -> None:
    """Trained on 1 and 7 with their labels exchanged, and on copies of a single 0."""
    images, labels = of_classes(mnist)
    images = np.where((labels == 0)[:, None, None], images[labels == 0][0], images)
    np.savez(tmp_path / "spoilt.npz", images=images, labels=np.array([0, 3, 2, 1])[labels], class_names=NAMES)
    options = ("optim.lr=1e-3", "train.epochs=60", "discriminator.dropout=0.2", *ONE_HOT)
    run = train("cgan-bce", *SMALL, *options, data=tmp_path / "spoilt.npz", run=tmp_path / "run").folder
    result = diagnose(run, data=str(four), features=eye)
    assert kinds(result)[:2] == ["collapse", "wrong-labels"]
    assert 'few pictures within "0"' in of_kind(result, "collapse").text
    wrong = of_kind(result, "wrong-labels")
    assert '"1", "7"' in wrong.text
    assert 'classified as "7"' in str(wrong.evidence)
    assert 'classified as "1"' in str(wrong.evidence)


def test_a_study_is_diagnosed_run_by_run(four: Path, eye: FeatureNetwork, tmp_path: Path, capsys: Any) -> None:
    """A setting that fails and one that does not train; a run that has not finished is left out."""
    folder, rates = tmp_path / "S", ("optim.g.lr=2e-3", "train.epochs=20", "seed=4")
    plan = Seeds(builtin.get("cgan-bce", [*SMALL, *rates, f"data.source={four}"]), 2)
    study = Study(folder)
    study.begin(plan)
    for name, rate in (("a/seed-4", "1e-5"), ("b/seed-4", "2e-3")):
        train("cgan-bce", *SMALL, *rates, f"optim.d.lr={rate}", data=four, run=folder / name)
    Run.create(plan.recipe, folder / "c")
    for name in ("a/seed-4", "b/seed-4", "c"):
        study.write({"began": name})
    alone = {name: diagnose(folder / name) for name in ("a/seed-4", "b/seed-4")}
    assert "collapse" in kinds(alone["a/seed-4"])
    for options in (["--json"], []):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["diagnose", str(folder), *options])
        shown = capsys.readouterr()
        assert stopped.value.code == 0, shown.err
        if options:
            found = json.loads(shown.out)
            assert found == [one.as_json(folder / name) for name, one in alone.items()]
            assert set(found[0]["findings"][0]) == {"kind", "text", "evidence", "advice"}
        else:
            rows = [line.split(maxsplit=1) for line in shown.out.splitlines() if line.startswith(("a/", "b/", "c"))]
            told = {name: ", ".join(kinds(one)) or "nothing wrong was found" for name, one in alone.items()}
            assert {name: " ".join(words.split()) for name, words in rows} == told
            assert f"next: condgan diagnose {folder}/a/seed-4" in shown.out
    with pytest.raises(SystemExit):
        cli.main(["diagnose", str(folder / "a" / "seed-4"), "--json"])
    assert json.loads(capsys.readouterr().out) == alone["a/seed-4"].as_json(folder / "a" / "seed-4")


def test_a_study_without_a_finished_run_says_what_to_do(four: Path, tmp_path: Path, refused: Any) -> None:
    Study(tmp_path / "S").begin(Seeds(builtin.get("cgan-bce", [f"data.source={four}"]), 2))
    for word in ("diagnose", "evaluate"):
        told = refused(word, tmp_path / "S")
        assert "training yet: `condgan resume" in told
    (tmp_path / "S" / "setting-0000").mkdir()
    Run.create(builtin.get("cgan-bce"), tmp_path / "S" / "setting-0000" / "seed-0")
    assert "setting-0000/seed-0" in refused("sample", tmp_path / "S", "1")


def test_divergence(four: Path, tmp_path: Path) -> None:
    with pytest.raises(DivergedError):
        train("cgan-lsgan", *SMALL, "optim.lr=1e6", "train.epochs=2", data=four, run=tmp_path / "run")
    result = diagnose(tmp_path / "run")
    assert kinds(result) == ["nan"]
    assert result.pictures == 0
    assert "no pictures were checked" in result.skipped[0]
    assert override(builtin.get("cgan-lsgan"), result.findings[0].advice).optim.d.lr <= 1e-3
    text = report(result, tmp_path / "run")
    assert "try: condgan train cgan-lsgan " in text
    assert "optim.g.lr=0.0002 optim.d.lr=0.0002" in text


@pytest.mark.slow
def test_training_images_that_are_repeated(mnist: Split, eye: FeatureNetwork, tmp_path: Path) -> None:
    """Six training images of each class, fifty that were held out."""
    images, labels = of_classes(mnist)
    for label, name in enumerate(NAMES):
        rows = np.flatnonzero(labels == label)
        for split, some in {"train": rows[:6], "validation": rows[6:56], "test": rows[56:76]}.items():
            folder = tmp_path / "few" / split / name
            folder.mkdir(parents=True)
            for row in some:
                Image.fromarray(images[row]).save(folder / f"{row}.png")
    options = ("optim.lr=1e-3", "train.epochs=1500", "discriminator.dropout=0", "data.train_on=train")
    networks = ("generator.hidden=256", "generator.norm_eps=1e-5", "discriminator.hidden=256,256")
    run = train("cgan-bce", *SMALL, *options, *networks, *ONE_HOT, data=tmp_path / "few", run=tmp_path / "run").folder
    result = diagnose(run, features=eye)
    assert "memorisation" in kinds(result)
    assert "200 validation images" in str(of_kind(result, "memorisation").evidence)
    advice_can_be_followed(result, run)


@pytest.mark.slow
def test_losses_that_swing(mnist: Split, tmp_path: Path) -> None:
    """Linear networks under Adam with much momentum circle about the equilibrium (Mescheder et al. 2018)."""
    np.savez(tmp_path / "digits.npz", images=mnist.images[:2000, 0], labels=mnist.labels[:2000])
    networks = ("generator.hidden=none", "generator.norm=none", "latent.dim=4", "discriminator.hidden=none")
    options = ("discriminator.dropout=0", "optim.lr=5e-3", "optim.betas=0.9,0.999", "output.log_every=5")
    recipe = builtin.get("cgan-bce", [*SMALL, *networks, *options, "train.epochs=40"])
    run = train(recipe, data=tmp_path / "digits.npz", run=tmp_path / "run").folder
    eye = features.train_to(tmp_path / "eye", datasets.load(Data(source=str(tmp_path / "digits.npz"), size=8)), 60)
    swing = of_kind(diagnose(run, features=eye), "oscillation")
    assert {"optim.g.betas=0.5,0.999", "optim.d.betas=0.5,0.999", "train.ema=0.999"} <= set(swing.advice)


def test_a_run_that_has_just_begun(four: Path, tmp_path: Path) -> None:
    run = Run.create(builtin.get("cgan-bce", [f"data.source={four}"]), tmp_path / "run").folder
    result = diagnose(run)
    assert (result.findings, result.lines, result.pictures) == ((), 0, 0)
    assert "too short for a diagnosis" in report(result, run)
    with pytest.raises(CondganError, match="no run folder"):
        diagnose(tmp_path / "none")


def test_data_that_is_gone_or_of_other_classes_leaves_the_log(well: Path, digits: Path, eye: FeatureNetwork) -> None:
    result = diagnose(well, data="/nowhere/at/all", features=eye)
    assert (kinds(result), result.lines, result.pictures) == ([], 180, 0)
    assert "no such path" in result.skipped[0]
    with np.load(digits) as arrays:
        other = digits.parent / "cats.npz"
        np.savez(other, images=arrays["images"], labels=arrays["labels"] % 2, class_names=np.array(["cat", "dog"]))
    assert 'class "0" is not in' in diagnose(well, data=str(other), features=eye).skipped[0]


@pytest.mark.parametrize("name", builtin.RECIPES)
def test_the_command_makes_the_runs_recipe_with_the_advice(name: str) -> None:
    base = builtin.get(name)
    own = ("data.source=/my data/x.npz", "data.channels=1", "optim.g.lr=1.234567e-5", "train.ema=0.99", "seed=7")
    recipe = override(base, [*own, "latent.dim=7", "evaluation.every=none", "generator.plain_first=true"])
    assert override(base, differences(recipe, base, "machine")) == recipe
    advice = ("optim.g.lr=0.5", "train.epochs=3")
    words = command(recipe, advice).split(" train ", 1)[1]
    name_again, *overrides = shlex.split(words)
    assert builtin.get(name_again, overrides) == override(recipe, advice)
    elsewhere = override(recipe, ["engine=jittor", "machine.device=cuda:1", "machine.threads=3"])
    name_again, *overrides = shlex.split(command(elsewhere, advice).split(" train ", 1)[1])
    assert builtin.get(name_again, overrides) == override(recipe, ["engine=jittor", *advice])  # on any machine


@pytest.mark.slow
def test_a_discriminator_that_learns_400_images_by_heart_over_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real run: its Frechet distance to validation images is least near epoch 120, and twice that at the end."""
    monkeypatch.setattr(features, "STEPS", 250)
    mnist = datasets.load(Data(size=12))
    for split, each in {"train": 40, "validation": 60, "test": 10}.items():
        images, labels = mnist.splits[split].images, mnist.splits[split].labels
        for label in range(10):
            (tmp_path / "digits" / split / str(label)).mkdir(parents=True)
            for i in np.flatnonzero(labels == label)[:each]:
                Image.fromarray(images[i, 0]).save(tmp_path / "digits" / split / str(label) / f"{i}.png")
    overrides = (
        "data.size=12", "data.train_on=train", "latent.dim=16", "generator.hidden=64,128", "generator.norm_eps=1e-5",
        "discriminator.hidden=512,512,512", "discriminator.dropout=0", "optim.g.lr=5e-4", "optim.d.lr=2e-3",
        "train.batch=32", "evaluation.every=12000", "evaluation.images=600", "machine.threads=1",
    )  # fmt: skip
    run = train("cgan-bce", *overrides, data=tmp_path / "digits", epochs=450, run=tmp_path / "run")
    said = {finding.kind: finding for finding in diagnose(run.folder).findings}
    assert "over-training" in said
    epoch = next(text for text in said["over-training"].advice if text.startswith("train.epochs="))
    assert 60 <= int(epoch.partition("=")[2]) <= 300
    assert any('"alarm": "over-training"' in line for line in run.log.read_text().splitlines())
