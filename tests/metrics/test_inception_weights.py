"""Weights of both ports of Inception v3: what is read, in which form, as which port; and what is refused."""

import hashlib
import io
import os
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save as to_safetensors
from second_inception import State, made_up
from torch import Tensor

from condgan.errors import CondganError
from condgan.metrics import inception_weights as module
from condgan.metrics.inception import FID_2015, IMAGENET, Inception
from conftest import random_images


@pytest.fixture(scope="module")
def network() -> Inception:
    return made_up(FID_2015)


@pytest.fixture(scope="module")
def later() -> Inception:
    return made_up(IMAGENET, 1)


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.from_numpy(random_images(2, 40, 3)).float() / 255


def auxiliary() -> State:
    """The second classifier in torchvision's file, by the names and shapes of its port."""
    shapes = {"conv0": (128, 768, 1, 1), "conv1": (768, 128, 5, 5)}
    found = {f"AuxLogits.{name}.conv.weight": torch.zeros(shape) for name, shape in shapes.items()}
    for name, shape in shapes.items():
        for key in ("weight", "bias", "running_mean", "running_var"):
            found[f"AuxLogits.{name}.bn.{key}"] = torch.zeros(shape[0])
        found[f"AuxLogits.{name}.bn.num_batches_tracked"] = torch.tensor(0)
    return found | {"AuxLogits.fc.weight": torch.zeros(1000, 768), "AuxLogits.fc.bias": torch.zeros(1000)}


def published(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let a file pass for the published one."""
    monkeypatch.setattr(module, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())


def refusal(path: Path) -> str:
    with pytest.raises(CondganError) as caught:
        module.load(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(str(path))
    assert module.EXPECTED in message
    return message


@pytest.fixture(scope="module", params=["zip", "of 2018"])
def weights(
    request: pytest.FixtureRequest, network: Inception, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The network's own weights, as torch writes them now, or as it did before it counted batches."""
    path: Path = tmp_path_factory.mktemp("weights") / module.FILE
    state = network.state_dict()
    if request.param == "of 2018":
        for name in [name for name in state if name.endswith("num_batches_tracked")]:
            del state[name]  # in place: beside its items, a state holds versions, which say that counters are there
    torch.save(state, path, _use_new_zipfile_serialization=request.param == "zip")
    yield path
    path.unlink()  # pytest would keep it, and it is large


def test_names_of_the_published_file_agree() -> None:
    assert f"pt_inception-2015-12-05-{module.SHA256[:8]}.pth" == module.FILE
    assert module.WHERE.endswith(f"/pytorch-fid/releases/download/fid_weights/{module.FILE}")
    assert len(module.SHA256) == 64
    assert module.LATER_WHERE.endswith(module.LATER_FILE)
    assert all(part in module.EXPECTED for part in (module.FILE, module.SHA256, module.WHERE, module.LATER_WHERE))


def test_a_loaded_network_is_the_saved_one(
    network: Inception, weights: Path, images: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(monkeypatch, weights)
    before = torch.get_rng_state()
    loaded = module.load(weights)
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(module.training for module in loaded.modules())
    assert loaded.port is FID_2015
    agree(loaded, network, images)


def agree(loaded: Inception, saved: Inception, images: Tensor) -> None:
    """The same weights, and the same outputs."""
    expected = saved.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in loaded.state_dict().items())
    with torch.inference_mode():
        for found, wanted in zip(loaded(images), saved(images), strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def zipped(arrays: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def torched(state: Any, new: bool) -> bytes:
    file = io.BytesIO()
    torch.save(state, file, _use_new_zipfile_serialization=new)
    return file.getvalue()


def numpied(state: State) -> dict[str, Any]:
    """As Jittor's copy: it counts no batches."""
    return {name: value.numpy() for name, value in state.items() if not name.endswith("num_batches_tracked")}


FORMS: dict[str, Callable[[State], bytes]] = {
    "torchvision's": lambda state: torched({**state, **auxiliary()}, True),
    "torchvision's before 2020": lambda state: torched({**state, **auxiliary()}, False),
    "without the second classifier": lambda state: torched(state, True),
    "npz": lambda state: zipped(numpied({**state, **auxiliary()})),
    "safetensors": lambda state: to_safetensors({**state, **auxiliary()}),
}


@pytest.mark.parametrize("form", FORMS)
def test_later_weights_are_known_by_their_content(form: str, later: Inception, images: Tensor, tmp_path: Path) -> None:
    path = tmp_path / module.FILE  # whatever its name is
    path.write_bytes(FORMS[form](later.state_dict()))
    before = torch.get_rng_state()
    loaded = module.load(path)
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(part.training for part in loaded.modules())
    assert loaded.port is IMAGENET
    agree(loaded, later, images)
    path.unlink()


def test_weights_of_2015_in_another_form_are_refused(network: Inception, tmp_path: Path) -> None:
    """They cannot be told from others of their shapes."""
    path = tmp_path / "weights.safetensors"
    path.write_bytes(to_safetensors(network.state_dict()))
    assert hashlib.sha256(path.read_bytes()).hexdigest() in refusal(path)
    path.unlink()


def blank(port: Any = IMAGENET) -> State:
    """Weights of the right names and shapes that take no room."""
    return {name: torch.tensor(0.0).expand(value.shape) for name, value in Inception(port).state_dict().items()}


LATER_OTHERS: dict[str, tuple[str, Callable[[State], Any]]] = {
    "no last layer": ("nothing of that name", lambda state: {n: v for n, v in state.items() if n != "fc.weight"}),
    "ten classes": ("(10, 2048)", lambda state: {**state, "fc.weight": torch.zeros(10, 2048)}),
    "one is missing": (
        "Mixed_7a.branch3x3_1",
        lambda state: {n: v for n, v in state.items() if "7a.branch3x3_1" not in n},
    ),
    "one too many": ("Mixed_8a", lambda state: {**state, "Mixed_8a.conv.weight": torch.zeros(1)}),
    "another shape": ("fc.bias", lambda state: {**state, "fc.bias": torch.zeros(1008)}),
    "a number": ("fc.bias", lambda state: {**state, "fc.bias": 1.0}),
    "another key": ("int", lambda state: {**state, 1: torch.zeros(1)}),
    "a list": ("nothing of that name", lambda state: list(state.values())),
    "a tensor": ("nothing of that name", lambda state: state["fc.bias"]),
}


@pytest.mark.parametrize(("problem", "change"), LATER_OTHERS.values(), ids=LATER_OTHERS)
def test_other_later_weights_are_refused(problem: str, change: Callable[[State], Any], tmp_path: Path) -> None:
    path = tmp_path / module.LATER_FILE
    torch.save(change(blank()), path)
    message = refusal(path)
    assert "no weights of this network" in message
    assert problem in message


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(wrong: float, tmp_path: Path) -> None:
    path = tmp_path / module.LATER_FILE
    torch.save({**blank(), "Mixed_6a.branch3x3.conv.weight": torch.tensor(wrong).expand(384, 288, 3, 3)}, path)
    assert "NaN" in refusal(path)


def test_a_plain_pickle_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Jittor's own file: a dictionary of arrays."""
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was read"))
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        path = tmp_path / f"inception_v3-{protocol}.pkl"
        path.write_bytes(pickle.dumps({"fc.bias": np.zeros(1000, np.float32)}, protocol=protocol))
        message = refusal(path)
        assert "plain pickle" in message
        assert "numpy.savez" in message


def test_arrays_of_objects_are_never_read(tmp_path: Path) -> None:
    new, path = tmp_path / "made", tmp_path / "weights.npz"
    path.write_bytes(zipped({"fc.weight": np.array([Malicious(new)], object)}))
    with np.load(path, allow_pickle=True) as file:
        file["fc.weight"]
    new.rmdir()  # there it is: the file does what it should
    assert "was not loaded" in refusal(path)
    assert not new.exists()


def test_an_older_torch_reads_no_file_of_unknown_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / module.LATER_FILE
    torch.save({"fc.bias": torch.zeros(1)}, path)
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(CondganError, match=r"not read by torch 2\.5\.1.*npz"):
        module.load(path)


@pytest.mark.parametrize("name", ["fc.weight.npy", "archive/data.pkl"])
def test_what_unpacks_to_more_than_any_weights_is_not_unpacked(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was read"))
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("it was read"))
    path = tmp_path / "weights"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(100_000))
    assert path.stat().st_size < 1000
    assert "was not loaded" in refusal(path)


def test_what_was_hashed_is_what_is_loaded(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is exchanged while it is being looked at."""
    published(monkeypatch, weights)
    real, aside = hashlib.sha256, weights.with_suffix(".aside")

    def exchange(content: bytes) -> Any:
        weights.rename(aside)
        weights.write_bytes(b"something else")
        return real(content)

    monkeypatch.setattr(hashlib, "sha256", exchange)
    try:
        module.load(weights)
        assert weights.read_bytes() == b"something else"
    finally:
        aside.replace(weights)


def test_weights_of_the_shapes_of_2015_need_its_hash(weights: Path) -> None:
    assert hashlib.sha256(weights.read_bytes()).hexdigest() in refusal(weights)


def test_a_damaged_file_is_refused(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(monkeypatch, weights)
    damaged = tmp_path / module.FILE
    damaged.write_bytes(weights.read_bytes()[:100_000])
    assert "damaged" in refusal(damaged)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "absent.pth")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refusal(tmp_path / "pipe")


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(2**33)  # takes no room on the disk
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    assert "larger than" in refusal(huge)


OTHERS: dict[str, tuple[str, Callable[[State], Any]]] = {  # the message, and the content of the file
    "one is missing": ("fc.bias", lambda state: {name: value for name, value in state.items() if name != "fc.bias"}),
    "one too many": ("AuxLogits.fc.bias", lambda state: {**state, "AuxLogits.fc.bias": torch.zeros(1)}),
    "another shape": ("fc.bias", lambda state: {**state, "fc.bias": torch.zeros(1000)}),
    "a number": ("fc.bias", lambda state: {**state, "fc.bias": 1.0}),
    "another key": ("int", lambda state: {**state, 1: torch.zeros(1)}),
    "a list": ("list", lambda state: list(state.values())),
    "a tensor": ("Tensor", lambda state: state["fc.bias"]),
}


@pytest.mark.parametrize(("problem", "change"), OTHERS.values(), ids=OTHERS)
def test_other_weights_are_refused_whatever_their_hash(
    problem: str, change: Callable[[State], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / module.FILE
    torch.save(change(blank(FID_2015)), path)
    published(monkeypatch, path)
    message = refusal(path)
    assert "no weights of this network" in message
    assert problem in message


class Malicious:
    """Unpickled, it makes a folder."""

    def __init__(self, new: Path) -> None:
        self.made = new

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.made),)


@pytest.mark.filterwarnings("ignore:Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")  # or that would refuse it
@pytest.mark.parametrize("published_one", [True, False])
@pytest.mark.parametrize("new_form", [True, False])
def test_code_is_not_run_whatever_the_hash(
    new_form: bool, published_one: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, path = tmp_path / "made", tmp_path / module.FILE
    torch.save({"fc.bias": Malicious(new)}, path, _use_new_zipfile_serialization=new_form)
    torch.load(path, weights_only=False)
    new.rmdir()  # there it is: the file does what it should
    if published_one:
        published(monkeypatch, path)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    assert "was not loaded" in refusal(path)
    assert not new.exists()


@pytest.mark.parametrize("published_one", [True, False])
@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"PK\x03\x04" + bytes(100), bytes(1000), bytes(8) + b"{", module.BEFORE_ZIP]
)
def test_what_are_no_weights_is_refused_whatever_its_hash(
    content: bytes, published_one: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / module.FILE
    path.write_bytes(content)
    if published_one:
        published(monkeypatch, path)
    assert "was not loaded" in refusal(path)
