"""Workers on a cluster give the bytes that one process gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from targeting_histories import made_up
from tradelane.kit.errors import InputRefused
from tradelane.registry.service import Registry
from tradelane.targeting import cluster, day
from tradelane.targeting.service import Targeting

pytest.importorskip("distributed", reason="the extra `cluster` (Dask) is not installed")
pytestmark = pytest.mark.slow

LINES = made_up(900, 2).with_columns(pl.col("date").dt.offset_by("1y"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, and a day in five files of unlike size."""
    root = tmp_path_factory.mktemp("day")
    Targeting(Registry(root / "models")).train(made_up(1200, 1))
    for number, (start, end) in enumerate(((0, 1), (1, 400), (400, 650), (650, 650), (650, 900))):
        LINES[start:end].write_parquet(root / f"day-{number}.parquet")
    return root


@pytest.fixture(scope="module")
def job(folder: Path) -> day.Job:
    digest = Targeting(Registry(folder / "models")).load_latest().ref.digest
    return day.Job(folder / "models", digest, _nothing)


@pytest.fixture(scope="module")
def parts(folder: Path) -> list[day.Part]:
    return day.parts_of(sorted(folder.glob("*.parquet")))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A cluster of two workers."""
    with cluster.workers_here(2) as found:
        yield found


def _nothing(path: Path) -> tuple[pl.DataFrame, int]:
    raise AssertionError("only Parquet files are read here")


def test_two_workers_write_the_same_bytes_as_one_process(
    job: day.Job, parts: list[day.Part], address: str, tmp_path: Path
) -> None:
    assert len(parts) == 5
    here, there = tmp_path / "here", tmp_path / "there"
    day.write(here, job, day.score_here(job, parts))
    day.write(there, job, cluster.score_on(address, job, parts))
    names = sorted(p.name for p in here.iterdir())
    assert len(names) == 6
    assert names == sorted(p.name for p in there.iterdir())
    for name in names:
        assert (here / name).read_bytes() == (there / name).read_bytes(), name


def test_without_an_address_workers_are_started_here_and_keep_the_order_of_the_parts(
    job: day.Job, parts: list[day.Part], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "workers_here", lambda workers: nullcontext(address))
    scored = list(cluster.score_on(None, job, parts))
    assert [s.part for s in scored] == parts
    assert pl.concat([s.answers for s in scored])["subject"].equals(LINES["subject"])


def test_a_workers_refusal_is_told_as_one_of_our_own(
    job: day.Job, parts: list[day.Part], address: str
) -> None:
    other = replace(job, code="sha256:0")
    with pytest.raises(InputRefused) as refused:
        list(cluster.score_on(address, other, parts))
    assert refused.value.problems[0].code == "targeting.other_code"


@pytest.mark.parametrize("nowhere", ["tcp://127.0.0.1:9", "somewhere"])
def test_an_address_without_a_scheduler_is_refused(
    job: day.Job, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 1)
    with pytest.raises(InputRefused) as refused:
        list(cluster.score_on(nowhere, job, []))
    assert refused.value.problems[0].code == "targeting.no_cluster"
