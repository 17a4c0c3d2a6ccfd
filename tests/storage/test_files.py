"""A file that is written atomically is the old one or the new one, whole."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from condgan.errors import CondganError
from condgan.storage.files import atomic


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(contents=st.lists(st.binary(max_size=100), min_size=1, max_size=3))
def test_the_file_holds_what_was_written_last_and_nothing_lies_beside_it(tmp_path: Path, contents: list[bytes]) -> None:
    path = tmp_path / "new" / "folders" / "file.bin"
    for content in contents:
        atomic(path, content)
        assert path.read_bytes() == content
    assert os.listdir(path.parent) == ["file.bin"]


def test_a_function_writes_and_may_go_back(tmp_path: Path) -> None:
    def write(file: BinaryIO) -> None:
        file.write(b"??st")
        file.seek(0)
        file.write(b"be")

    atomic(tmp_path / "file", write)
    assert (tmp_path / "file").read_bytes() == b"best"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, CondganError])
def test_an_error_while_writing_leaves_the_old_file_and_is_passed_on(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def write(file: BinaryIO) -> None:
        file.write(b"half of the n")
        raise error("in the middle")

    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(error, match="in the middle"):
        atomic(path, write)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


FULL_DISK = """
import resource, sys
from pathlib import Path
from condgan.errors import CondganError
from condgan.storage.files import atomic

path = Path(sys.argv[1])
atomic(path, b"old")
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for data in (bytes(5000), lambda file: [file.write(bytes(10)) for _ in range(500)]):
    try:
        atomic(path, data)
    except CondganError as error:
        print(error)
"""


def test_a_disk_that_is_full_leaves_the_old_file_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "file"
    run = subprocess.run([sys.executable, "-c", FULL_DISK, path], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == [f"cannot write {path}: File too large"] * 2
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    whole = {bytes([letter]) * 100_000 for letter in b"ab"}
    atomic(path, min(whole))

    def rewrite(content: bytes) -> None:
        for _ in range(20):
            atomic(path, content)

    writers = [threading.Thread(target=rewrite, args=(content,)) for content in whole]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert path.read_bytes() in whole
    for writer in writers:
        writer.join()
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_and_a_device_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CondganError, match="it is a folder"):
        atomic(tmp_path, b"")
    with pytest.raises(CondganError, match="not a regular file"):
        atomic(Path(os.devnull), b"")
    assert not Path(os.devnull).is_file()


def test_a_file_in_place_of_a_folder_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(CondganError, match=r"^cannot write .*: Not a directory$|^cannot write .*: File exists$"):
        atomic(tmp_path / "file" / "inside", b"")


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link, target = tmp_path / "link", tmp_path / "elsewhere" / "target"
    link.symlink_to(target)
    atomic(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("name", ["é" * 127, "x" * 255, "数" * 85])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    atomic(tmp_path / name, b"new")
    assert os.listdir(tmp_path) == [name]


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    atomic(tmp_path / "file", b"")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode
