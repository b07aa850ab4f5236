"""What may be done with a work: the tree of AI actions and those that stand outside it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

_PARENT: dict[str, str | None] = {
    "use_ai": None,
    "tdm_analyze": "use_ai",
    "train": "use_ai",
    "train_nongen": "train",
    "train_gen": "train",
    "train_gen_pretrain": "train_gen",
    "train_gen_finetune": "train_gen",
    "ai_input": "use_ai",
    "evaluate": "use_ai",
    "replica_create": None,
    "style_imitation": None,
    "index_search": None,
    "distribute_dataset": None,
    "retain_model": None,
}

ACTIONS: tuple[str, ...] = tuple(_PARENT)
"""Every known action; the last five stand outside the tree and nothing implies them."""


class PerformerGate(StrEnum):
    """The studio's setting for step 7; `ALL_TRAINING` ships."""

    OFF = "OFF"
    REPLICA_ONLY = "REPLICA_ONLY"
    ALL_TRAINING = "ALL_TRAINING"


def _with_ancestors(action: str) -> frozenset[str]:
    chain = {action}
    while (parent := _PARENT[action]) is not None:
        chain.add(parent)
        action = parent
    return frozenset(chain)


_LINES: dict[str, frozenset[str]] = {action: _with_ancestors(action) for action in _PARENT}


def is_known(action: str) -> bool:
    """Whether the action is one of `ACTIONS`."""
    return action in _PARENT


def permits(granted: Iterable[str], asked: str) -> bool:
    """Whether a permission for `granted` covers `asked`: the same node or one below it."""
    line = _LINES.get(asked, frozenset())
    return any(action in line for action in granted)


def bars(prohibited: Iterable[str], asked: str) -> bool:
    """Whether a prohibition of `prohibited` hits `asked`: on its line, upward or downward.

    An unknown `asked` may mean anything, so every prohibition hits it.
    """
    if not is_known(asked):
        return True
    line = _LINES[asked]
    return any(action in line or asked in _LINES.get(action, frozenset()) for action in prohibited)


def meet(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether an action of the one is on the line of an action of the other, both being known."""
    others = [action for action in other if is_known(action)]
    return any(is_known(action) and bars(others, action) for action in one)


def gates_performers(gate: PerformerGate, action: str) -> bool:
    """Whether step 7 applies to the action.

    `ALL_TRAINING` gates every action except `tdm_analyze`, which neither learns from a person
    nor outputs one; `use_ai` contains training, `ai_input` and `evaluate` put the person before
    a model, `distribute_dataset` and `retain_model` carry what was learned, and an unknown
    action may be any of them.
    """
    if gate is PerformerGate.OFF:
        return False
    if gate is PerformerGate.REPLICA_ONLY:
        return action == "replica_create" or not is_known(action)
    return action != "tdm_analyze"
