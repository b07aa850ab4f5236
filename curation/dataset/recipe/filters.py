"""A recipe's filters: SQL by strangers, which may ask of a shot and do nothing else.

A filter is one expression over the columns of ``tagged_shots``. It is parsed by DuckDB into a tree,
and every node of that must be of a kind that only computes: no subquery, no window, no parameter,
no function whose answer changes from call to call or touches the session. The connection itself is
closed to files and networks, and its configuration is locked.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from curation.dataset.recipe import FilterSection, RecipeError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CLOCK: Final = {
    *("current_timestamp", "current_time", "localtime", "localtimestamp"),
    *("current_localtime", "current_localtimestamp"),
}
"""What tells the time and is not listed by DuckDB, or as if it always told the same."""

_WORD: Final = re.compile(r"\w+")

PATIENCE_S: Final = 600.0
"""Seconds that the filters of a recipe may take together."""

_ASKING: Final = {
    *("BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION"),
    *("CONSTANT", "FUNCTION", "LAMBDA", "OPERATOR", "TYPE"),
}
"""Kinds of nodes, by DuckDB's names, that compute a value from a row."""

_HOW: Final = (
    "Its SQL is one condition over the columns of tagged_shots; see `curation tables tagged_shots`"
)


def condition(connection: DuckDBPyConnection, question: FilterSection) -> str:
    """The filter as SQL that is true or false for each shot: unknown and in error are false.

    Raises:
        RecipeError: where it is no such condition, or could do more than ask.
    """
    import duckdb

    text = f"(\n{question.where}\n)"
    try:
        duckdb.SQLExpression(question.where)
        asked = f"SELECT json_serialize_sql('SELECT ' || {_text(text)})"
        _refuse_acting(question, json.loads(connection.execute(asked).fetchall()[0][0]))
        connection.execute(f"SELECT 1 FROM tagged_shots WHERE TRY({text}) LIMIT 0")  # noqa: S608
    except duckdb.Error as error:
        raise _refusal(question, str(error).splitlines()[0]) from error
    return f"coalesce(TRY(({text})::BOOLEAN), false)"


@contextmanager
def patience(connection: DuckDBPyConnection, seconds: float = PATIENCE_S) -> Iterator[None]:
    """Interrupt what runs on a connection after so long.

    Raises:
        RecipeError: when it was interrupted, or the database failed at it.
    """
    import duckdb

    timer = threading.Timer(seconds, connection.interrupt)
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        raise RecipeError(
            f"the recipe's filters took more than {seconds:g} seconds and were stopped; "
            "ask something simpler"
        ) from error
    except duckdb.Error as error:
        raise RecipeError(
            "the database failed at what the recipe asks of shots (filters, bounds, quotas): "
            f"{str(error).splitlines()[0]}; leave out one after the other to find which, and ask "
            "it in other words"
        ) from error
    finally:
        timer.cancel()


def _refuse_acting(question: FilterSection, parsed: dict[str, Any]) -> None:
    if parsed.get("error"):
        raise _refusal(question, str(parsed.get("error_message")))
    for node in _nodes(parsed["statements"]):
        kind, name = node["class"], str(node.get("function_name", "")).lower()
        if kind not in _ASKING:
            raise _refusal(question, f"a {kind.lower().replace('_', ' ')} is more than a question")
        names = node.get("column_names", ()) if kind == "COLUMN_REF" else (name,)
        from_now = name == "age" and len(node["arguments"]) < 2
        if from_now or (len(names) == 1 and names[0].lower() in _changing()):
            raise _refusal(question, f"{names[0]} does not give the same answer every time")


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if "class" in tree and "type" in tree:
            yield tree
        for inner in tree.values():
            yield from _nodes(inner)
    elif isinstance(tree, list):
        for inner in tree:
            yield from _nodes(inner)


@cache
def _changing() -> frozenset[str]:
    """Functions whose answer depends on more than what they are given, and macros that ask them."""
    import duckdb

    with duckdb.connect() as fresh:
        found = fresh.execute(
            "SELECT DISTINCT lower(function_name) FROM duckdb_functions() "
            "WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')"
        ).fetchall()
        macros = fresh.execute(
            "SELECT lower(function_name), lower(macro_definition) FROM duckdb_functions() "
            "WHERE function_type = 'macro'"
        ).fetchall()
    changing = _CLOCK | {name for (name,) in found}
    asking = {name for name, says in macros if changing & set(_WORD.findall(says))}
    return frozenset(changing | asking)


def _refusal(question: FilterSection, why: str) -> RecipeError:
    return RecipeError(f"filter {question.name!r} cannot be asked: {why}. {_HOW}")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
