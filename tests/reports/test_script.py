"""Scripts of published recipes: files of their own that do what the recipe does."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import condgan
from condgan import cli
from condgan.data import load as load_data
from condgan.draws import philox
from condgan.errors import CondganError
from condgan.recipe import Data, Latent, builtin
from condgan.reports.script import ENGINES, MOST_LINES, script
from scripts import SAME_DRAWS, fed, idx, module, of, pair

DOCS = Path(__file__).parents[2] / "docs"
PUBLISHED = [recipe.name for recipe in builtin.TABLE]
STEPS = 10
LINE = re.compile(r"\[Epoch (\d+)/(\d+)\] \[Batch (\d+)/(\d+)\] \[D loss: (-?[\d.]+)\] \[G loss: (-?[\d.]+)\]")
ALLOWED = {"torch": {"gzip", "sys", "pathlib", "numpy", "torch", "PIL"}}
ALLOWED["jittor"] = ALLOWED["torch"] - {"torch"} | {"jittor"}
FRESH = ("train.fakes=fresh", "train.order=d-first")
PLAIN_CHANGES = {
    "cgan-lsgan": [
        ("loss.name=hinge", "loss.halved=false"),
        ("train.order=d-first", "train.critic_steps=3", "discriminator.activation=prelu"),
        ("generator.condition=one-hot", "discriminator.condition_dim=3", "generator.norm_eps=0.001"),
        ("generator.output=sigmoid", "discriminator.norm=batch", "generator.condition_dim=4", "train.batch=50"),
    ],
    "cgan-bce": [
        ("loss.name=minimax", "optim.d.name=sgd", "optim.d.momentum=0.9", "optim.g.weight_decay=0.1"),
        (
            *FRESH,
            "train.critic_steps=2",
            "generator.activation=maxout",
            "generator.hidden=12,9",
            "generator.pieces=2,3",
        ),
        ("train.fakes=fresh", "train.order=g-first", "latent.distribution=uniform", "latent.low=-1"),
        ("optim.schedule=exponential", "optim.decay=1.2"),
        ("generator.branches=5,4", "generator.hidden=9"),
    ],
    "gan-mlp": [(*FRESH, "train.generator_batch=full", "generator.norm=batch", "optim.betas=0,0.9")],
}
CASES = [(name, ()) for name in PUBLISHED] + [(name, case) for name in PLAIN_CHANGES for case in PLAIN_CHANGES[name]]


# It does what the recipe does


@pytest.mark.parametrize(("name", "changes"), CASES)
def test_its_steps_are_the_engine_s(name: str, changes: tuple[str, ...], tiny: dict[str, tuple[str, ...]]) -> None:
    engine, written = pair(name, *tiny[name], *SAME_DRAWS, *changes)
    start = engine.state()
    for player in ("generator", "discriminator"):
        state, arrays = getattr(written, player).state_dict(), of(start, player)
        assert [tuple(tensor.shape) for tensor in state.values()] == [array.shape for array in arrays]
        for tensor, array in zip(state.values(), arrays, strict=True):
            tensor.copy_(torch.from_numpy(array))
    found = np.array(list(fed(engine.recipe, written, STEPS, torch.from_numpy)))
    figures = engine.run(0, STEPS)
    expected = np.stack([figures["d_loss"], figures["g_loss"]], axis=1)
    assert len(np.unique(expected, axis=0)) == STEPS
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)

    latents = philox.latents(engine.recipe.latent, 0, np.arange(20))
    labels = [torch.arange(20) % 10] if engine.recipe.conditional else []
    with torch.no_grad():
        images = written.generator.eval()(torch.from_numpy(latents), *labels).numpy()
    low, high = (-1, 1) if engine.recipe.generator.output == "tanh" else (0, 1)
    shown = engine.sample(latents, np.arange(20) % 10).reshape(20, -1)
    np.testing.assert_allclose((images - low) * 255 / (high - low), shown, atol=0.6)


@pytest.mark.parametrize("name", PUBLISHED)
def test_its_first_weights_are_drawn_as_the_engine_s(name: str, tiny: dict[str, tuple[str, ...]]) -> None:
    """Weights of each layer lie within the same bounds, or have the same deviation."""
    wide = [text for text in tiny[name] if not text.startswith(("latent", "generator.", "discriminator."))]
    engine, written = pair(name, *wide)
    start = engine.state()
    for player in ("generator", "discriminator"):
        for (named, tensor), array in zip(
            getattr(written, player).state_dict().items(), of(start, player), strict=True
        ):
            if array.size < 500:
                continue
            assert tensor.std().item() == pytest.approx(array.std(), rel=0.1), named
            assert tensor.abs().max().item() == pytest.approx(np.abs(array).max(), rel=0.15), named


@pytest.mark.parametrize("name", ["cgan-lsgan", "cgan-paper"])
def test_its_dropout_leaves_out_as_much(name: str, tiny: dict[str, tuple[str, ...]]) -> None:
    """With one learning rate of nearly 0, the losses of many steps agree in mean and deviation."""
    still = ("optim.lr=1e-12", *(["optim.lr_floor=0"] if name == "cgan-paper" else []))
    engine, written = pair(name, *tiny[name], *still)
    for player in ("generator", "discriminator"):
        for tensor, array in zip(
            getattr(written, player).state_dict().values(), of(engine.state(), player), strict=True
        ):
            tensor.copy_(torch.from_numpy(array))
    steps = 150
    found = np.array(list(fed(engine.recipe, written, steps, torch.from_numpy)))
    figures = engine.run(0, steps)
    expected = np.stack([figures["d_loss"], figures["g_loss"]], axis=1)
    errors = np.sqrt((found.var(0) + expected.var(0)) / steps)
    assert (np.abs(found.mean(0) - expected.mean(0)) < 4 * errors + 1e-6).all()
    np.testing.assert_allclose(found.std(0), expected.std(0), rtol=0.25)
    assert not np.allclose(found, expected, rtol=1e-3)  # each draws its own


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_its_noise_is_the_recipe_s(distribution: str) -> None:
    latent = Latent(dim=100, distribution=distribution)  # type: ignore[arg-type]
    torch.manual_seed(5)
    z, labels = module(script("cgan-bce", f"latent.distribution={distribution}")).noise(2000)
    expected = philox.latents(latent, 0, np.arange(2000))
    assert tuple(z.shape) == expected.shape
    for quantile in (0.01, 0.25, 0.5, 0.99):
        assert float(torch.quantile(z[:100], quantile)) == pytest.approx(np.quantile(expected, quantile), abs=0.1)
    counts = torch.bincount(labels, minlength=10)
    assert len(counts) == 10
    assert counts.min() > 150


@pytest.mark.parametrize("size", [28, 32, 20])
@pytest.mark.parametrize("name", ["cgan-lsgan", "cgan-paper-adam"])
def test_it_reads_what_condgan_reads(name: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mnist = load_data(Data(source="mnist"))
    part = mnist.splits["test"].images[:120, 0], mnist.splits["test"].labels[:120]
    folder = idx(tmp_path / "idx", *part)
    written = module(script(name, f"data.size={size}", "train.epochs=1"))
    seen: list[Any] = []
    written.step = lambda *batch: (seen.append([part.numpy() for part in batch]), (0.0, 0.0))[1]
    written.picture = lambda path: None
    monkeypatch.chdir(tmp_path)
    written.main(str(folder))
    images, labels = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    dataset = load_data(Data(source=str(folder), size=size))
    rows = [dataset.splits[split] for split in ("train", "validation", "test") if split in dataset.splits]
    by_condgan = np.concatenate([each.images for each in rows]).reshape(len(images), -1)
    named = np.concatenate([each.labels for each in rows])
    grey = np.round((images + 1) * 127.5 if name == "cgan-lsgan" else images * 255).astype(int)
    pairs = sorted((*row, label) for row, label in zip(grey.tolist(), labels.tolist(), strict=True))
    assert pairs == sorted((*row, label) for row, label in zip(by_condgan.tolist(), named.tolist(), strict=True))


def test_it_stops_where_its_losses_are_no_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    folder = idx(tmp_path / "idx", random.integers(0, 256, (300, 28, 28)), np.arange(300) % 10)
    written = module(script("cgan-lsgan", "loss.name=least-squares", "optim.lr=1e30"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError, match="NaN or infinite"):
        written.main(str(folder))
    assert not (tmp_path / "generator.npz").exists()


# It is a file of one's own


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PUBLISHED)
def test_it_is_short_and_imports_nothing_of_condgan(name: str, engine: str) -> None:
    for changes in ((), ("data.size=32",)):
        text = script(name, *changes, engine=engine)
        lines = text.splitlines()
        assert len(lines) <= MOST_LINES == 150
        assert max(map(len, lines)) <= 120
        tree = ast.parse(text)
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {each.partition(".")[0] for each in imported} == ALLOWED[engine]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "changes"), CASES)
def test_it_is_clean(name: str, changes: tuple[str, ...], engine: str) -> None:
    """Nothing unused, undefined or out of form."""
    pytest.importorskip("ruff")
    text = script(name, *changes, engine=engine)
    for command in (["check", "--select", "E,F,W,I,UP,B,C4,SIM,PIE,RET,PERF"], ["format", "--check"]):
        call = [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length", "120", "-"]
        done = subprocess.run(call, input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_speaks_of_its_own_recipe_alone() -> None:
    words = {
        "cgan-lsgan": ("mse_loss", "Embedding", "Tanh", "BatchNorm1d", "gen_imgs.detach()"),
        "cgan-bce": ("binary_cross_entropy", "Embedding", "Tanh", "BatchNorm1d", "gen_imgs.detach()"),
        "cgan-paper": ("binary_cross_entropy", "MaxPool1d", "one_hot", "Sigmoid", "def schedule", "torch.rand("),
        "cgan-paper-adam": ("binary_cross_entropy", "one_hot", "Sigmoid", "noise(BATCH)"),
        "cgan-bn-prelu-adamw": ("binary_cross_entropy", "one_hot", "Sigmoid", "noise(BATCH)", "PReLU", "BatchNorm1d"),
        "gan-mlp": ("binary_cross_entropy", "Tanh", "gen_imgs.detach()"),
    }
    every = {word for own in words.values() for word in own} | {"labels"}
    for name, own in words.items():
        text = script(name)
        labelled = {"labels"} if name != "gan-mlp" else set()
        assert {word for word in every if word in text} == set(own) | labelled, name


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_runs_alone(name: str, tiny: dict[str, tuple[str, ...]], tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    folder = idx(tmp_path / "idx", random.integers(0, 256, (300, 28, 28)), np.arange(300) % 10)
    (tmp_path / "empty").mkdir()
    (tmp_path / "gan.py").write_text(script(name, *tiny[name], "train.epochs=2"))
    call = [sys.executable, "-W", "error", tmp_path / "gan.py", folder]
    done = subprocess.run(call, cwd=tmp_path / "empty", capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    recipe = builtin.get(name, tiny[name])
    batches = -(-300 // recipe.train.batch)
    read = [LINE.fullmatch(line) for line in done.stdout.splitlines()]
    assert [match.groups()[:4] for match in read if match] == [
        (str(epoch), "2", str(batch), str(batches))
        for epoch in (0, 1)
        for batch in range(0, batches, recipe.output.log_every)
    ]
    assert all(read)
    assert {path.name for path in (tmp_path / "empty").iterdir()} == {"images", "generator.npz"}
    for picture in ("0.png", "last.png"):
        with Image.open(tmp_path / "empty" / "images" / picture) as image:
            assert (image.size, image.mode) == ((80, 80), "L")
    with np.load(tmp_path / "empty" / "generator.npz") as file:
        saved = {named: file[named] for named in file.files}
    engine, written = pair(name, *tiny[name])
    assert [array.shape for array in saved.values()] == [array.shape for array in of(engine.state(), "generator")]
    written.generator.load_state_dict({named: torch.from_numpy(array) for named, array in saved.items()})


def test_a_column_of_its_picture_is_a_class(tmp_path: Path) -> None:
    """Of a generator that draws the label alone, as a shade of grey."""
    written = module(script("cgan-lsgan"))

    class Shade(torch.nn.Module):
        def forward(self, z: Any, labels: Any) -> Any:
            return (labels.float() / 5 - 1)[:, None].expand(-1, 28 * 28)

    written.generator = Shade()
    written.picture(tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as image:
        tiles = np.asarray(image)[14::28, 14::28]
    assert (tiles == tiles[0]).all()
    assert (np.diff(tiles[0].astype(int)) > 20).all()
    assert written.generator.training


# What has no plain form


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["cgan-lsgan", "train.ema=0.99"], "train.ema=0.99"),
        (["cgan-lsgan", "penalty.r1=1"], "penalty.r1=1.0"),
        (["cgan-lsgan", "augment.policy=cutout"], "augment.policy=cutout"),
        (["cgan-lsgan", "generator.network=dcgan"], "generator.network=dcgan (instead of mlp)"),
        (["cgan-lsgan", "generator.spectral=true"], "generator.spectral=True"),
        (["cgan-lsgan", "discriminator.condition=projection"], "discriminator.condition=projection"),
        (["cgan-lsgan", "train.precision=bf16"], "train.precision=bf16"),
        (["cgan-lsgan", "train.judge=once"], "train.judge=once"),
        (["cgan-bce", "loss.name=relativistic"], "loss.name=relativistic"),
        (["cgan-bce", "loss.real_target=0.9"], "loss.real_target=0.9"),
        (["cgan-bce", "optim.name=radam"], "optim.g.name=radam"),
        (["cgan-bce", "optim.d.schedule=exponential"], "optim.d.schedule=exponential"),
        (["cgan-bce", "optim.g.clip_gradient=1"], "optim.g.clip_gradient=1.0"),
        (["cgan-bce", "data.size=28x32"], "data.size=28x32"),
        (["cgan-bce", "data.source=photos"], "data.source=photos"),
        (["cgan-bce", "latent.distribution=laplace"], "latent.distribution=laplace"),
        (["cgan-bce", "output.sequence=2026"], "output.sequence=2026"),
        (["mnist"], "generator.network=dcgan"),
        (["cgan-lsgan", f"generator.hidden={','.join(['32'] * 40)}"], "generator.hidden=32,32"),
        (["cgan-nothing"], "cgan-nothing"),
        (["cgan-lsgan", "train.bach=3"], "train.bach"),
    ],
)
def test_other_fields_are_refused_by_name(arguments: list[str], named: str, refused: Any) -> None:
    assert named in refused("script", *arguments)


def test_a_refusal_says_what_would_do() -> None:
    with pytest.raises(CondganError, match=r"generator.norm=layer \(instead of none or batch\)"):
        script("cgan-lsgan", "generator.norm=layer")
    with pytest.raises(CondganError, match="engine='tensorflow': expected torch or jittor"):
        script("cgan-lsgan", engine="tensorflow")


@settings(max_examples=30)
@given(st.text())
def test_nothing_that_a_recipe_says_becomes_code(source: str) -> None:
    recipe = builtin.get("cgan-bce").model_copy(update={"source": source})
    for engine in ENGINES:
        given_, plain = (ast.parse(script(each, engine=engine)) for each in (recipe, builtin.get("cgan-bce")))
        del given_.body[0], plain.body[0]  # the docstrings
        assert ast.dump(given_) == ast.dump(plain)


def test_pictures_and_log_lines_come_as_often_as_in_the_recipe() -> None:
    for every, batches in (("63968", 1000), ("500b", 500), ("6401", 101)):
        text = script("cgan-lsgan", f"output.grid_every={every}", "output.log_every=7")
        assert f"if done % {batches} == 0:" in text
        assert "if i % 7 == 0:" in text
    assert "if i %" not in script("cgan-lsgan", "output.log_every=1")


def test_the_step_in_the_docs_is_that_of_the_script() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", (DOCS / "reports.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown in script("cgan-lsgan")


# Its doors


def test_the_command_prints_or_writes_it(tmp_path: Path, condgan: Any, refused: Any) -> None:
    printed = condgan("script", "cgan-bce", "train.epochs=3", "optim.lr=3e-4")
    assert (printed.returncode, printed.stderr) == (0, "")
    assert printed.stdout == script("cgan-bce", "train.epochs=3", "optim.lr=3e-4")
    assert "EPOCHS = 3" in printed.stdout
    assert printed.stdout.count("parameters(), lr=0.0003, ") == 2
    path = tmp_path / "new" / "gan.py"
    done = condgan("script", "cgan-lsgan", "--engine", "jittor", "-o", path)
    assert (done.returncode, done.stdout) == (0, f"{path}\n")
    assert path.read_text() == script("cgan-lsgan", engine="jittor") == script("cgan-lsgan", "engine=jittor")
    assert "exists" in refused("script", "cgan-bce", "-o", path)
    assert path.read_text() == script("cgan-lsgan", engine="jittor")


def test_it_takes_a_recipe_of_one_s_own(tmp_path: Path) -> None:
    own = builtin.get("cgan-bce", ["train.epochs=7"]).model_dump(mode="json") | {"name": "mine"}
    (tmp_path / "mine.json").write_text(json.dumps(own))
    text = condgan.script(tmp_path / "mine.json")
    assert text.startswith('"""mine: ')
    assert "EPOCHS = 7" in text
    assert ast.dump(ast.parse(text)).count("binary_cross_entropy") == 1


def test_it_says_which_command_writes_it() -> None:
    text = script("cgan-bce", "train.epochs=7", "seed=3", engine="jittor")
    command = next(line for line in text.splitlines() if line.startswith("condgan script"))
    assert script(*command.removesuffix(" writes this file.").split()[2:]) == text


@pytest.mark.parametrize("name", ["cgan-lsgan", "gan-mlp"])
def test_without_data_it_says_what_to_put_where(name: str, tmp_path: Path) -> None:
    (tmp_path / "gan.py").write_text(script(name))
    for folder in ([], [str(tmp_path / "nowhere")]):
        ended = subprocess.run(
            [sys.executable, "gan.py", *folder], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert ended.returncode == 1
        (line,) = ended.stderr.splitlines()
        assert line.startswith(f"{folder[0] if folder else 'MNIST'} lacks train-images")
        assert "https://" in line


@pytest.mark.parametrize("engine", ENGINES)
def test_its_numbers_are_exact(engine: str) -> None:
    text = script("cgan-lsgan", "generator.norm_eps=0.12345678901", "discriminator.dropout=0.3333333333", engine=engine)
    assert "eps=0.12345678901)" in text
    assert "nn.Dropout(0.3333333333)" in text


def test_a_long_source_is_cut_and_no_layer_is_blamed() -> None:
    recipe = builtin.get("cgan-paper", ())
    long = recipe.model_copy(update={"source": "word " * 300})
    docstring = ast.get_docstring(ast.parse(script(long))) or ""
    assert docstring.split("\n\n")[0].endswith(" ...")
    assert len(docstring.splitlines()) < 12


def test_where_it_can_be_written(tmp_path: Path, refused: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is a folder: name a file in it" in refused("script", "gan-mlp", "-o", tmp_path)
    assert "is not a regular file" in refused("script", "gan-mlp", "-o", "/dev/null")
    with pytest.raises(SystemExit):
        cli.main(["script", "gan-mlp", "-o", "-"])
    assert capsys.readouterr().out == script("gan-mlp")
