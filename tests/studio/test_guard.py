"""Who may ask what: token, Host, Origin, sizes, headers; and no path leaves its folder."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from studios import client, written

from condgan.studio import places
from condgan.studio.security import POLICY
from condgan.studio.settings import Settings, kept_token

API = "/api/v1"


def paths(runs: Path) -> list[tuple[str, str]]:
    """Every method and path of the interface, with names in place of parameters."""
    found = []
    for path, methods in client(runs).app.openapi()["paths"].items():
        filled = path.replace("{name}", "a").replace("{inner}", "log.jsonl").replace("{job}", "1")
        found += [(method.upper(), filled) for method in methods]
    return found


def test_all_but_health_and_generate_needs_the_token(tmp_path: Path) -> None:
    written(tmp_path / "a")
    stranger = client(tmp_path, token=False)
    asked = paths(tmp_path)
    assert len(asked) > 20
    for method, path in asked:
        response = stranger.request(method, path)
        if path in (f"{API}/health", f"{API}/generate"):
            assert response.status_code != 401
        else:
            assert response.status_code == 401, path
            assert "needs the token" in response.json()["error"]
    assert stranger.get(f"{API}/openapi.json").status_code == 401
    assert stranger.get("/").status_code == 200


def test_elsewhere_everything_needs_the_token(tmp_path: Path) -> None:
    stranger = client(tmp_path, token=False, host="192.0.2.7")
    assert stranger.get(f"{API}/health").status_code == 401
    assert stranger.post(f"{API}/generate", json={}).status_code == 401
    assert client(tmp_path, host="192.0.2.7").get(f"{API}/health").status_code == 200


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Bearer \u00e9", "Basic x"])
def test_a_wrong_token_is_none(token: str, tmp_path: Path) -> None:
    stranger = client(tmp_path, token=False)
    response = stranger.get(f"{API}/runs", headers={"authorization": token.encode("latin-1")})
    assert response.status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "127.0.0.1.evil.example:8420", "", "[", "a:b"])
def test_other_hosts_are_refused(host: str, tmp_path: Path) -> None:
    assert client(tmp_path).get(f"{API}/runs", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9", "file://", "http://[bad", "http://127.0.0.1:x", ""]
)
def test_pages_of_other_sites_are_refused(origin: str, tmp_path: Path) -> None:
    response = client(tmp_path).post(f"{API}/generate", json={}, headers={"origin": origin})
    assert response.status_code == 403


def test_the_studios_own_names_are_taken(tmp_path: Path) -> None:
    for name in ("127.0.0.1:8420", "localhost:8420", "[::1]:8420"):
        headers = {"host": name, "origin": f"http://{name}"}
        assert client(tmp_path).get(f"{API}/runs", headers=headers).status_code == 200


def test_every_response_has_the_policy(tmp_path: Path) -> None:
    for who in (client(tmp_path), client(tmp_path, token=False)):
        for path in ("/", "/static/none", "/none", f"{API}/health", f"{API}/runs", f"{API}/runs/none"):
            headers = who.get(path).headers
            assert headers["content-security-policy"] == POLICY
            assert headers["x-content-type-options"] == "nosniff"


def test_large_requests_are_refused(tmp_path: Path) -> None:
    asking = client(tmp_path)
    assert asking.post(f"{API}/generate", content=b"x" * (1 << 21)).status_code == 413

    def parts() -> "object":
        for _ in range(40):
            yield b"x" * (1 << 16)

    response = asking.post(f"{API}/generate", content=parts())  # without a length: counted as it comes
    assert response.status_code == 413


def test_the_token_is_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    path = settings.write_token()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert settings.token not in repr(settings)
    assert Settings(tmp_path).token != settings.token
    assert kept_token(tmp_path) == settings.token  # a page that is open stays of use
    path.chmod(0o644)
    assert kept_token(tmp_path) is None  # others may have read it
    path.chmod(0o600)
    path.write_text("short\n")
    assert kept_token(tmp_path) is None


@given(some.text(max_size=40) | some.lists(some.sampled_from(["..", ".", "a", "", "b", "/", "\\", "~"])).map("/".join))
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    folder = Path("/somewhere/runs")
    try:
        path = places.below(folder, name, "run")
    except places.MissingError:
        return
    assert Path(os.path.normpath(path)).is_relative_to(folder)
    assert not any(part.startswith(".") for part in path.relative_to(folder).parts)


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    runs, outside = tmp_path / "runs", tmp_path / "outside"
    written(outside)
    run = written(runs / "a")
    (runs / "link").symlink_to(outside)
    (run.folder / "secret.txt").symlink_to(outside / "recipe.json")
    asking = client(runs)
    assert [one["name"] for one in asking.get(f"{API}/runs").json()["runs"]] == ["a"]
    assert asking.get(f"{API}/runs/link").status_code == 404
    assert asking.get(f"{API}/runs/a/files/secret.txt").status_code == 404
    assert "secret.txt" not in str(asking.get(f"{API}/runs/a").json()["files"])
    for name in ("../outside", "%2e%2e/outside", "..%2foutside", "a/../../outside", ".studio", "/etc"):
        assert asking.get(f"{API}/runs/{name}").status_code == 404
        assert asking.get(f"{API}/runs/a/files/{name}/recipe.json").status_code == 404
    assert asking.get(f"{API}/runs/.studio/files/token").status_code == 404


@pytest.mark.parametrize(
    ("path", "order"),
    [("generate", {"labels": "1", "seed": True}), ("generate", {"count": False}), ("generate", {"labels": [True]}),
     ("generate", {"labels": "1", "truncation": True}), ("walk", {"stops": "3,8", "frames": True}),
     ("walk", {"stops": "3,8", "frames": "5"}), ("check", {"seeds": True}),
     ("worth", {"data": "mnist", "minutes": True}),
     ("preferences", {"one": "mnist", "other": "mnist", "judge": "A", "count": True}), ("check", {"overrides": "a=1"}),
     ("judgements/a/sessions/b/answers", {"number": True, "answer": "real", "milliseconds": 5})],
)  # fmt: skip
def test_what_is_no_number_is_not_taken_as_one(path: str, order: dict[str, object], tmp_path: Path) -> None:
    refused = client(tmp_path).post(f"/api/v1/{path}", json=order)
    assert refused.status_code == 422
    assert refused.json()["field"].split(".")[0] in order


@pytest.mark.parametrize("name", ["a//", "a/", "//a", "a/./b", "loop", "loop/x"])
def test_a_name_that_leads_nowhere_or_is_another_ones_is_none(name: str, tmp_path: Path) -> None:
    written(tmp_path / "a")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(places.MissingError):
        places.run(Settings(tmp_path), name)


@pytest.mark.parametrize("name", ["a/x", "a/x/y", "study/x", "study/arm/seed-7"])
def test_nothing_is_trained_within_a_run_or_a_study(name: str, tmp_path: Path) -> None:
    written(tmp_path / "a")
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.json").write_text("{}")
    answer = client(tmp_path).post(f"{API}/runs", json={"recipe": "mnist-fast", "run": name})
    assert answer.status_code == 400
    assert "lies within" in answer.json()["error"]
    assert client(tmp_path).post(f"{API}/check", json={"recipe": "mnist-fast", "run": "b/x"}).json()["problem"] is None


def test_what_has_come_to_its_end_is_not_resumed(tmp_path: Path) -> None:
    run = written(tmp_path / "a")
    before = run.status_file.read_bytes()
    answer = client(tmp_path).post(f"{API}/runs/a/resume")
    assert (answer.status_code, answer.json()["error"].partition(": ")[2]) == (
        409,
        "it is finished: only what has stopped goes on",
    )
    assert run.status_file.read_bytes() == before


@pytest.mark.parametrize("what", ["runs", "check"])
def test_no_request_names_a_key_file(what: str, tmp_path: Path) -> None:
    order = {"recipe": "mnist-fast", "overrides": ["watermark.key=/etc/passwd"]}
    answer = client(tmp_path).post(f"{API}/{what}", json=order).json()
    assert "in a terminal" in answer.get("error", answer.get("problem"))
