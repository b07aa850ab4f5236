"""What a run needs to know beyond its arguments, read once from ``CURATION_*`` variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self


class SettingsError(Exception):
    """A setting that cannot be used; the message names the variable, its value and the remedy."""


@dataclass(frozen=True)
class Settings:
    """Where things are and how much a run may use.

    Attributes:
        store: URL under which all state lies.
        library: folder or prefix with the film files.
        catalog: folder of catalog tables, or one JSON rulebook.
        recipe: YAML file that a scheduled release follows.
        studio: party that analyses the films; asked of the rights gate before any decoding.
        territory: where that analysis happens, ISO 3166-1 alpha-2, or ``001`` for anywhere.
        performer_gate: OFF, REPLICA_ONLY or ALL_TRAINING.
        device: auto, cpu or cuda.
        look: coarse decodes what is needed to find every shot; exhaustive decodes every frame.
        batch_films: films a mapped task takes on.
        film_timeout_s: seconds after which one film is given up at the latest; its size and length
            usually set a shorter bound.
        film_memory_mb: resident mebibytes above which one film is given up.
        signing_key: file of the private key (PEM, Ed25519) that signs releases; unsigned if empty.
    """

    store: str = "store"
    library: str = "examples/library"
    catalog: str = "examples/catalog"
    recipe: str = "examples/recipes/lab-pretraining.yaml"
    studio: str = "studio"
    territory: str = "001"
    performer_gate: str = "ALL_TRAINING"
    device: str = "auto"
    look: str = "coarse"
    batch_films: int = 4
    film_timeout_s: int = 6 * 3600
    film_memory_mb: int = 6144
    signing_key: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Self:
        """Defaults, overridden by ``CURATION_<NAME>``, overridden by what is given and not None.

        Raises:
            SettingsError: for a number that is none, or a choice that is not offered.
        """
        environment = os.environ if environment is None else environment
        settings = cls()
        for field in fields(cls):
            value: Any = environment.get(variable(field.name)) or None
            if value is not None and isinstance(field.default, int):
                value = _positive(variable(field.name), value)
            value = given.get(field.name) if given.get(field.name) is not None else value
            if value is not None:
                settings = replace(settings, **{field.name: value})
        _choice("device", settings.device, ("auto", "cpu", "cuda"))
        _choice("look", settings.look, ("coarse", "exhaustive"))
        _choice("performer_gate", settings.performer_gate, ("OFF", "REPLICA_ONLY", "ALL_TRAINING"))
        return settings

    @property
    def exhaustive(self) -> bool:
        """Whether every frame is to be decoded."""
        return self.look == "exhaustive"

    def to_environment(self) -> dict[str, str]:
        """The variables that make another process see these settings."""
        return {variable(field.name): str(getattr(self, field.name)) for field in fields(self)}


def variable(name: str) -> str:
    """The environment variable that holds a setting."""
    return f"CURATION_{name.upper()}"


def _positive(name: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise SettingsError(f"{name}={text!r} is no whole number above 0; give one such as 4")
    return number


def _choice(name: str, value: str, offered: tuple[str, ...]) -> None:
    if value not in offered:
        raise SettingsError(f"{variable(name)}={value!r} is not one of {', '.join(offered)}")
