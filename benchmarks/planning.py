"""Plan a release from a made-up library: the funnel of a recipe that asks of everything.

The library is made by a process of its own, so that the peak memory is that of planning alone.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SHOTS_A_FILM = 50
RECIPE = {
    "name": "benchmark",
    "request": {
        "licensee": "lab",
        "territories": ["US", "GB"],
        "use_from": "2026-12-01T00:00:00Z",
        "use_until": "2031-12-01T00:00:00Z",
    },
    "filters": [
        {"name": "sharp", "where": "quality.sharpness.label = 'sharp'"},
        {"name": "sure", "where": "lighting.key_style.confidence >= 0.2"},
    ],
    "bounds": {"motion": {"max": 0.9}, "height": {"min": 360}, "seconds": {"max": 9}},
    "clip": {"split_long": True, "min_seconds": 1, "max_seconds": 6, "margin": {"frames": 2}},
    "quotas": {
        "at_most": [{"per": "title", "share": 0.02}],
        "at_least": [{"per": "lighting.key_style.label", "count": 1000}],
        "balance": {"by": "lighting.key_style.label", "temperature": 2},
        "total": {"clips": 200_000},
    },
    "split": {"train": 0.9, "val": 0.05, "test": 0.05},
    "shard": {"samples": 1000},
}


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=1_000_000)
    parser.add_argument("--store", help="keep the library here, or use the one that is here")
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.store, options.shots)
        return
    with tempfile.TemporaryDirectory(prefix="curation-planning-") as folder:
        place = options.store or f"{folder}/store"
        if not Path(place).exists():
            command = [sys.executable, __file__, "--make", "--store", place]
            subprocess.run([*command, "--shots", str(options.shots)], check=True)
        plan(place)


def plan(place: str) -> None:
    """Plan the release and print what each part took."""
    from curation.dataset.plan import make_plan, write_plan
    from curation.dataset.recipe import recipe_from
    from curation.dataset.selection import select
    from curation.dataset.selection.duplicates import find_duplicates
    from curation.dataset.selection.funnel import checked
    from curation.rights import PerformerGate
    from curation.tables import Store
    from curation.tables.query import connect

    store, recipe, gate = Store.at(place), recipe_from(RECIPE), PerformerGate.ALL_TRAINING
    rulebook = rulebook_of(store)
    lines: dict[str, Any] = {}
    clock = [time.perf_counter()]

    def lap(name: str) -> None:
        clock.append(time.perf_counter())
        lines[name] = f"{clock[-1] - clock[-2]:.1f} s, peak {peak_mib():.0f} MiB"

    with connect(store, NOW) as connection:
        lap("tables opened")
        pairs = find_duplicates(connection)
        lap("duplicates sought")
        selection = select(
            connection,
            rulebook,
            recipe,
            known_at=NOW,
            performer_gate=gate,
            withheld={},
            duplicates=pairs,
        )
        lap("selected")
        found = checked(selection, recipe)
        lap("funnel")
        films = connection.execute("SELECT DISTINCT asset_sha256 FROM assets").fetchall()
        made, samples = make_plan(
            connection,
            selection,
            recipe,
            films={asset: asset for (asset,) in films},
            rulebook=rulebook,
            performer_gate=gate,
            known_at=NOW,
            cards={},
            captions={},
        )
        lap("samples laid out")
        write_plan(store, made, samples, selection)
        lap("plan written")
    lines["all"] = f"{clock[-1] - clock[0]:.1f} s, peak {peak_mib():.0f} MiB"
    lines["pairs of copies"] = f"{pairs.num_rows:,}"
    for step in (*found.steps, *found.splits):
        lines[step.name] = (
            f"{step.shots:,} shots, {step.clips:,} clips, {step.seconds / 3600:,.0f} h, "
            f"{step.titles:,} titles"
        )
    width = max(map(len, lines))
    for name, value in lines.items():
        print(f"{name:<{width}}  {value}")


def make(place: str, shots: int) -> None:
    """Write a library: films of 50 shots, one in ten a copy of another in a smaller picture."""
    import duckdb

    from curation.tables import Store

    store, films = Store.at(place), max(2, shots // SHOTS_A_FILM)
    connection = duckdb.connect()
    at = "TIMESTAMPTZ '2026-11-21T00:00:00Z'"
    connection.execute(
        f"""
        CREATE TABLE film AS SELECT n, sha256('f' || n) AS asset_sha256, 'E' || n AS work_id,
            if(n % 10 = 9, n - 1, n) AS content, n % 10 = 9 AS is_copy
        FROM range({films}) AS films(n);
        CREATE TABLE shot AS SELECT film.*, k, sha256(asset_sha256 || ':' || k)[1:32] AS shot_id,
            (24 + hash(content * 1000 + k) % 216)::BIGINT AS frames, content * 1000 + k AS seed
        FROM film, range({SHOTS_A_FILM}) AS cut(k);
        CREATE TABLE placed AS SELECT *, (sum(frames) OVER (
            PARTITION BY n ORDER BY k ROWS UNBOUNDED PRECEDING) - frames)::BIGINT AS first
        FROM shot;
        """  # noqa: S608
    )
    share = "(hash(seed, '{}') % 1000) / 1000.0"
    word = "(md5_number_lower(concat(seed, ':', still, ':{}')) % 65536)::FLOAT"
    names = [f"{view}_{n}" for view in ("word", "middle", "strip") for n in range(8)]
    words = ", ".join(f"'{name}'" for name in (*names, "shape", "detail"))
    values = ["1.33 + 0.5 * (n % 3)", "50.0"]
    values = [*(word.format(name) for name in names), *values]
    series = ", ".join(
        f"[({value})::FLOAT for still in range(1 + frames // 48)]" for value in values
    )
    facets = {
        ("quality", "sharpness", "sharp", "soft"): "sharpness",
        ("quality", "motion", "low", "high"): "motion_widths_s",
        ("quality", "content", "picture", "flat"): "mean_luma",
        ("lighting", "key_style", "low_key", "normal"): "ratio_stops",
        ("lighting", "quality", "hard", "soft"): "p_hard",
        ("people", "faces", "none", "none"): "score",
    }
    store.append("ingests", [{"ingest_id": "1", "ingested_at": NOW}])
    tables = {
        "assets": f"""SELECT asset_sha256 AS row_key, asset_sha256 AS asset_path, work_id,
            asset_sha256, {at} AS recorded_at, {at} AS ingested_at FROM film""",  # noqa: S608
        "films": """SELECT asset_sha256, 'analysed' AS status, 'k' AS work_key,
            if(is_copy, 640, 1920) AS width, if(is_copy, 360, 1080) AS height,
            false AS variable_rate, 'h264' AS codec, 100.0 AS duration_s FROM film""",
        "shots": """SELECT shot_id, asset_sha256, 'k' AS work_key, k AS shot_index,
            first AS start_frame, first + frames AS end_frame, first AS clean_start,
            first + frames AS clean_end, first / 24.0 AS clean_start_s,
            (first + frames) / 24.0 AS clean_end_s, first / 24.0 AS start_s,
            (first + frames) / 24.0 AS end_s,
            {'type': if(k % 9 = 0, 'dissolve', 'cut'), 'start': 0, 'end': 0, 'score': 1.0}
                AS transition_in,
            {'type': 'cut', 'start': 0, 'end': 0, 'score': 1.0} AS transition_out,
            if(k = 0, 'title', 'picture') AS kind FROM placed""",
        "measures": f"""SELECT shot_id, asset_sha256, 'fingerprint' AS tagger, '3' AS version,
            [first + 48 * still for still in range(1 + frames // 48)] AS frames,
            [(first + 48 * still) / 24.0 for still in range(1 + frames // 48)] AS pts_s,
            map([{words}], [{series}]) AS series
            FROM placed""",  # noqa: S608
    }
    for name, query in tables.items():
        for part in range(10):
            where = f"n % 10 = {part}"
            store.append(name, connection.sql(f"{query} WHERE {where}").to_arrow_table())
    for (tagger, facet, one, other), measure in facets.items():
        value = share.format(facet)
        store.append(
            "tags",
            connection.sql(
                f"""SELECT shot_id, asset_sha256, '{tagger}' AS tagger, '1' AS label_version,
                '{facet}' AS facet, if({value} < 0.7, '{one}', '{other}') AS label,
                {value} AS confidence, map(['{measure}'], [{value}]) AS measures FROM placed"""  # noqa: S608
            ).to_arrow_table(),
        )


def rulebook_of(store: Any) -> Any:
    """A rulebook in which four titles of five are granted, each with its edit surveyed."""
    from curation.rights import Rulebook

    films = store.read("assets", ["work_id"]).column("work_id").to_pylist()
    numbers = sorted(int(work[1:]) for work in films)
    works = [{"work_id": f"T{n}", "level": "title"} for n in numbers]
    works += [{"work_id": f"E{n}", "level": "edit", "parent_id": f"T{n}"} for n in numbers]
    surveys = [
        {"work_id": f"E{n}", "kind": kind, "completed_at": "2026-01-01T00:00:00Z"}
        for n in numbers
        for kind in ("APPEARANCE", "EMBEDDED")
    ]
    rules = [
        {
            "rule_id": f"G{n}",
            "effect": "PERMIT",
            "kind": "GRANT",
            "work_id": f"T{n}",
            "inherit": "ALL_EDITS",
            "actions": ["train_gen"],
            "assignee": "lab",
            "territory_include": ["001"],
            "status": "EXECUTED",
        }
        for n in numbers
        if n % 5
    ]
    return Rulebook.from_json({"works": works, "surveys": surveys, "rules": rules})


def peak_mib() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
