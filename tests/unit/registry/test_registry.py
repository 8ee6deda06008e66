"""A registry gives back what was published, or says what does not match."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from tradelane.kit import canonical
from tradelane.kit.clock import FixedClock
from tradelane.kit.errors import InputRefused, IntegrityBroken
from tradelane.registry.commands import models
from tradelane.registry.model import ModelRef, digest_of
from tradelane.registry.service import MANIFEST, Registry

ABOUT = {
    "training_key": "sha256:key",
    "training_data": "sha256:data",
    "features": ["a", "b"],
    "parameters": {"depth": 4, "eta": 0.1},
    "metrics": {"auc": 0.81},
    "seed": 7,
    "intended_use": "To rank lines.",
    "limits": "Labels are selective.",
}
FILES = {"model.ubj": b"\x00trees", "calibration.json": b"{}"}


def folder_of(registry: Registry, ref: ModelRef) -> Path:
    return registry.root / ref.name / ref.digest.removeprefix("sha256:")[:12]


def code_of(caught: pytest.ExceptionInfo[InputRefused | IntegrityBroken]) -> str:
    return caught.value.problems[0].code


def test_what_is_published_is_loaded_byte_for_byte(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models")
    ref = registry.publish("targeting", FILES, ABOUT)
    for name in (ref, ref.digest, str(ref), ref.digest.removeprefix("sha256:")):
        loaded = registry.load(name, features=["a", "b"])
        assert loaded.files == FILES
        assert loaded.ref == ref
    assert loaded.manifest["metrics"] == {"auc": "0.81"}
    assert loaded.manifest["seed"] == 7


def test_the_same_content_is_one_model_and_other_content_another(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    ref = registry.publish("targeting", FILES, ABOUT)
    assert registry.publish("targeting", FILES, ABOUT) == ref
    assert registry.publish("targeting", FILES, {**ABOUT, "features": ["b", "a"]}) != ref
    assert registry.publish("targeting", {**FILES, "x": b""}, ABOUT) != ref
    assert len(list(registry.manifests())) == 3


@pytest.mark.parametrize("file", sorted(FILES))
def test_a_flipped_byte_in_a_file_is_refused(tmp_path: Path, file: str) -> None:
    registry = Registry(tmp_path)
    ref = registry.publish("targeting", FILES, ABOUT)
    path = folder_of(registry, ref) / file
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(IntegrityBroken, match=r"Got sha256:\w+ for the hash .* expected") as caught:
        registry.load(ref)
    assert code_of(caught) == "registry.hash"


def test_a_lost_file_is_refused(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    ref = registry.publish("targeting", FILES, ABOUT)
    (folder_of(registry, ref) / "model.ubj").unlink()
    with pytest.raises(IntegrityBroken) as caught:
        registry.load(ref)
    assert code_of(caught) == "registry.missing_file"


def test_a_changed_manifest_is_refused_even_when_its_files_match(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    ref = registry.publish("targeting", FILES, ABOUT)
    path = folder_of(registry, ref) / MANIFEST
    manifest = json.loads(path.read_bytes())
    manifest["metrics"]["auc"] = "0.99"
    path.write_bytes(canonical.encode(manifest))
    with pytest.raises(IntegrityBroken) as caught:
        registry.load(ref)
    assert code_of(caught) == "registry.manifest"
    manifest["digest"] = digest_of(manifest)
    path.write_bytes(canonical.encode(manifest))
    with pytest.raises(IntegrityBroken):
        registry.load(ref)
    path.write_bytes(b"{}")
    with pytest.raises(IntegrityBroken):
        registry.load(ref)


def test_another_feature_list_is_refused_with_what_differs(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    ref = registry.publish("targeting", FILES, ABOUT)
    with pytest.raises(InputRefused, match="missing b; not known to the model c") as caught:
        registry.load(ref, features=["a", "c"])
    assert code_of(caught) == "registry.features"
    with pytest.raises(InputRefused, match="another order"):
        registry.load(ref, features=["b", "a"])


def test_a_model_of_another_library_version_is_refused_and_not_reused(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    old = {**ABOUT, "libraries": {"xgboost-cpu": "1.0.0"}}
    ref = registry.publish("targeting", FILES, old)
    with pytest.raises(InputRefused, match=r"expected 1\.0\.0") as caught:
        registry.load(ref)
    assert code_of(caught) == "registry.library"
    assert registry.find_trained("targeting", "sha256:key") is None


def test_the_newest_model_of_a_training_key_is_reused(tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    registry = Registry(tmp_path, clock=clock)
    assert registry.find_trained("targeting", "sha256:key") is None
    registry.publish("targeting", FILES, ABOUT)
    clock.at = datetime(2026, 1, 2, tzinfo=UTC)
    newer = registry.publish("targeting", {"model.ubj": b"other"}, ABOUT)
    assert registry.find_trained("targeting", "sha256:key") == newer
    assert registry.find_trained("targeting", "sha256:other") is None


@pytest.mark.parametrize("name", ["", "../up", "A", "a/b", "a" * 65])
def test_a_name_that_cannot_be_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputRefused) as caught:
        Registry(tmp_path).publish(name, FILES, ABOUT)
    assert code_of(caught) == "registry.name"


@pytest.mark.parametrize("name", ["manifest.json", "../x", ".hidden"])
def test_a_file_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputRefused):
        Registry(tmp_path).publish("targeting", {name: b""}, ABOUT)


@pytest.mark.parametrize("name", ["0" * 12, "targeting/0", "../..", "*", ""])
def test_an_unknown_model_is_said_to_be_unknown(tmp_path: Path, name: str) -> None:
    registry = Registry(tmp_path)
    registry.publish("targeting", FILES, ABOUT)
    with pytest.raises(InputRefused) as caught:
        registry.load(name)
    assert code_of(caught) == "registry.unknown_model"


PUBLISH_TWENTY = """
import sys
from pathlib import Path
from tradelane.registry.service import Registry
registry = Registry(Path(sys.argv[1]))
for i in range(20):
    print(registry.publish("targeting", {"n": str(i).encode()}, {"training_key": "k"}).digest)
"""


def test_two_processes_that_publish_the_same_models_end_with_one_of_each(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PUBLISH_TWENTY, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    first, second = (process.communicate(timeout=60)[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert first == second
    registry = Registry(tmp_path)
    assert len([registry.load(m["digest"]) for m in registry.manifests()]) == 20
    assert not list((tmp_path / "targeting").glob(".draft-*"))


def test_the_card_states_use_limits_figures_and_data(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    card = registry.card(registry.publish("targeting", FILES, ABOUT))
    for text in ("To rank lines.", "Labels are selective.", "sha256:data", "| auc | 0.81 |", "`a`"):
        assert text in card


def test_the_commands_list_show_and_verify(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    platform = SimpleNamespace(registry=registry, card=registry.card)
    run = CliRunner()
    assert "No models yet" in run.invoke(models, ["list"], obj=platform).output
    ref = registry.publish("targeting", FILES, ABOUT)
    assert str(ref) in run.invoke(models, ["list"], obj=platform).output
    assert "# Model card: targeting" in run.invoke(models, ["card", str(ref)], obj=platform).output
    assert f"{ref}: 2 files match." in run.invoke(models, ["verify"], obj=platform).output
    (folder_of(registry, ref) / "model.ubj").write_bytes(b"")
    failed = run.invoke(models, ["verify", str(ref)], obj=platform)
    assert isinstance(failed.exception, IntegrityBroken)


def test_a_card_tells_quality_with_intervals_by_group_and_where_the_model_stands(tmp_path):
    figures = {"precision": ["0.4", "0.3", "0.5"], "auc": [None, None, None]}
    figures |= {"average_precision": ["0.2", "0.1", "0.3"], "base_rate": ["0.1", "0.05", "0.2"]}
    month = {"group": "2026-01", "lines": 60, "wrong": 9, "figures": figures}
    quality = {
        "lines": 100,
        "wrong": 12,
        "from": "2026-01-01",
        "to": "2026-02-01",
        "overall": figures,
        "calibration_error": "0.0123",
        "groups": {"month": {"shown": [month], "not_shown": {"groups": 1, "lines": 40}}},
    }
    registry = Registry(tmp_path)
    ref = registry.publish("targeting", {"quality.json": canonical.encode(quality)}, ABOUT)
    card = registry.card(ref, ["Agreed to by kim."])
    assert "- Agreed to by kim." in card
    assert "| Precision at 5 % | 0.400 (0.300-0.500) |" in card
    assert "| AUC | not known |" in card
    assert "| 2026-01 | 60 | 0.400 (0.300-0.500) |" in card
    assert "1 with 40 lines" in card


def test_a_model_without_measured_quality_says_so(tmp_path):
    registry = Registry(tmp_path)
    assert "It was not measured" in registry.card(registry.publish("targeting", FILES, ABOUT))
    nothing = {"quality.json": canonical.encode({"importance": []})}
    assert "It was not measured" in registry.card(registry.publish("targeting", nothing, ABOUT))
