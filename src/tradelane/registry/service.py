"""A folder of models that are published once, found by hash, and refused when they do not match.

Layout: ``<root>/<name>/<first 12 hex digits>/manifest.json`` with the model's files beside it.
Publishing writes a folder apart and renames it, so that a reader sees all of a model or nothing,
and two processes that publish the same model end with one.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from tradelane.kit import canonical
from tradelane.kit.clock import Clock, SystemClock, stamp
from tradelane.kit.errors import InputRefused, IntegrityBroken, Problem
from tradelane.registry.model import LoadedModel, ModelRef, digest_of, plain, short

MANIFEST = "manifest.json"
LIBRARIES = ("xgboost-cpu", "polars", "numpy")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def library_versions() -> dict[str, str]:
    """The versions that a model's answers depend on: libraries in full, Python to its minor."""
    found = dict(_installed())
    found["python"] = ".".join(platform.python_version_tuple()[:2])
    return found


@cache
def _installed() -> dict[str, str]:
    return {name: metadata.version(name) for name in LIBRARIES}


class Registry:
    """The models under ``root``, a folder that is made when the first one is published."""

    def __init__(self, root: Path, *, clock: Clock | None = None) -> None:
        self.root = Path(root)
        self._clock = clock or SystemClock()

    def publish(self, name: str, files: Mapping[str, bytes], about: Mapping[str, Any]) -> ModelRef:
        """Keep a model and return what it is called.

        ``about`` goes into the manifest (floats as text); expected keys: ``training_key``,
        ``training_data``, ``features``, ``parameters``, ``metrics``, ``seed``, ``intended_use``,
        ``limits``. The same content published twice is one model.
        Errors: InputRefused ``registry.name`` for a name that cannot be a folder.
        """
        for text, shape in ((name, _NAME), *((file, _FILE) for file in files)):
            if not shape.fullmatch(text) or text == MANIFEST:
                raise InputRefused(
                    Problem(
                        "registry.name",
                        f"{text!r} cannot name a model or one of its files.",
                        hint="Use lower-case letters, digits, - and _.",
                    )
                )
        manifest: dict[str, Any] = {
            "features": [],
            "libraries": library_versions(),
            **plain(about),
            "name": name,
            "files": {file: canonical.digest(data) for file, data in sorted(files.items())},
        }
        ref = ModelRef(name, digest_of(manifest))
        manifest |= {"digest": ref.digest, "created_at": stamp(self._clock.now())}
        if not self._folder(ref).exists():
            self._place(ref, {**files, MANIFEST: canonical.encode(manifest)})
        return ref

    def load(self, model: ModelRef | str, *, features: Sequence[str] | None = None) -> LoadedModel:
        """The model, after every hash, its feature list and its library versions were checked.

        ``model``: a ref, ``name/digest12``, or a digest with or without ``sha256:`` (at least 12
        hex digits). ``features``: the list that the caller computes; it must be the model's own.
        Errors: InputRefused ``registry.unknown_model`` | ``registry.features`` |
        ``registry.library``; IntegrityBroken ``registry.hash`` | ``registry.manifest`` |
        ``registry.missing_file``.
        """
        folder = self._find_folder(model)
        manifest = self._checked_manifest(folder)
        if isinstance(model, ModelRef):
            _expect("registry.manifest", "the digest", manifest["digest"], model.digest)
        files = {}
        for file, expected in manifest["files"].items():
            files[file] = _checked_file(folder, file, expected, manifest["name"])
        if features is not None and list(features) != manifest["features"]:
            raise InputRefused(_feature_problem(list(features), manifest["features"]))
        _check_libraries(manifest["libraries"])
        return LoadedModel(ModelRef(manifest["name"], manifest["digest"]), manifest, files)

    def find_trained(self, name: str, training_key: str) -> ModelRef | None:
        """The newest model of that training key that this machine's libraries can use, if any.

        A model that another library version made is passed over: training again replaces it.
        """
        usable = [
            manifest
            for manifest in self.manifests(name)
            if manifest.get("training_key") == training_key
            and manifest["libraries"] == library_versions()
        ]
        newest = max(usable, key=lambda m: str(m["created_at"]), default=None)
        return None if newest is None else ModelRef(name, newest["digest"])

    def manifests(self, name: str | None = None) -> Iterator[dict[str, Any]]:
        """The manifests of all models (of that name), each checked against its digest."""
        for path in sorted(self.root.glob(f"{name or '*'}/*/{MANIFEST}")):
            if not path.parent.name.startswith("."):
                yield self._checked_manifest(path.parent)

    def get_manifest(self, model: ModelRef | str) -> dict[str, Any]:
        """A model's manifest, checked against its digest; its files are not read."""
        return self._checked_manifest(self._find_folder(model))

    def find_file(self, model: ModelRef | str, file: str) -> bytes | None:
        """One file of a model, after its own hash was checked; None where the model has none of
        that name. Errors: as `load`, for this file."""
        folder = self._find_folder(model)
        manifest = self._checked_manifest(folder)
        expected = manifest["files"].get(file)
        return None if expected is None else _checked_file(folder, file, expected, manifest["name"])

    def has(self, model: ModelRef | str) -> bool:
        """Whether the model is here; it is not checked."""
        try:
            self._find_folder(model)
        except InputRefused:
            return False
        return True

    def card(self, model: ModelRef | str, facts: Sequence[str] = ()) -> str:
        """The model's card as Markdown, made from its manifest and its `quality.json`, if it has
        one. facts: sentences about where it stands, such as who agreed to it."""
        from tradelane.registry.card import QUALITY, markdown

        data = self.find_file(model, QUALITY)
        quality = canonical.decode(data) if data else {}
        return markdown(self.get_manifest(model), quality, facts)

    def _folder(self, ref: ModelRef) -> Path:
        return self.root / ref.name / short(ref.digest)

    def _find_folder(self, model: ModelRef | str) -> Path:
        text = str(model)
        name, _, digest = text.rpartition("/")
        digest = short(digest)
        if len(digest) == 12 and re.fullmatch(r"[0-9a-f]+", digest):
            for path in sorted(self.root.glob(f"{name or '*'}/{digest}/{MANIFEST}")):
                return path.parent
        raise InputRefused(
            Problem(
                "registry.unknown_model",
                f"There is no model {text!r} in {self.root}.",
                hint="`tradelane models list` shows what is there.",
            )
        )

    def _checked_manifest(self, folder: Path) -> dict[str, Any]:
        try:
            manifest: dict[str, Any] = canonical.decode((folder / MANIFEST).read_bytes())
            got, expected = digest_of(manifest), manifest["digest"]
            if not {"files", "features", "libraries", "name"} <= manifest.keys():
                raise KeyError("files")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise IntegrityBroken(
                Problem("registry.manifest", f"{folder / MANIFEST} is not a manifest.", hint=_MEND)
            ) from None
        _expect("registry.manifest", f"the digest of {folder.name}'s manifest", got, expected)
        _expect("registry.manifest", "the folder's name", folder.name, short(expected))
        return manifest

    def _place(self, ref: ModelRef, files: Mapping[str, bytes]) -> None:
        parent = self.root / ref.name
        parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=parent))
        try:
            for file, data in files.items():
                with (draft / file).open("wb") as out:
                    out.write(data)
                    out.flush()
                    os.fsync(out.fileno())
            _sync_folder(draft)
            draft.chmod(0o755)
            try:
                draft.rename(self._folder(ref))
            except OSError:
                # Another process was first: then its folder is there, complete and equal.
                self._checked_manifest(self._folder(ref))
            _sync_folder(parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


_MEND = "Train it again, or take it from a backup; do not score with it."


def _checked_file(folder: Path, file: str, expected: str, name: str) -> bytes:
    try:
        data = (folder / file).read_bytes()
    except FileNotFoundError:
        raise IntegrityBroken(
            Problem(
                "registry.missing_file",
                f"The model {name}/{folder.name} has lost its file {file}.",
                hint=_MEND,
            )
        ) from None
    _expect("registry.hash", f"the hash of {file}", canonical.digest(data), expected)
    return data


def _expect(code: str, what: str, got: object, expected: object) -> None:
    if got != expected:
        raise IntegrityBroken(
            Problem(code, f"Got {got} for {what}, expected {expected}.", hint=_MEND)
        )


def _feature_problem(got: list[str], expected: list[str]) -> Problem:
    missing = [f for f in expected if f not in got]
    extra = [f for f in got if f not in expected]
    what = (
        f"missing {', '.join(missing) or 'none'}; not known to the model {', '.join(extra)}"
        if missing or extra
        else "the same features in another order"
    )
    return Problem(
        "registry.features",
        f"Got {len(got)} features, expected the model's {len(expected)}: {what}.",
        hint="Train again with this version of Tradelane.",
    )


def _check_libraries(expected: Mapping[str, str]) -> None:
    got = library_versions()
    problems = [
        Problem(
            "registry.library",
            f"Got {name} {got.get(name, 'absent')}, expected {version}, which made the model.",
            hint="Train again, or install the version that the model names.",
        )
        for name, version in expected.items()
        if got.get(name) != version
    ]
    if problems:
        raise InputRefused(problems)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
