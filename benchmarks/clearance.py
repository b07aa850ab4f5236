"""Clear every shot of a made-up library against one request, in bulk and one by one."""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from curation.rights import (
    Appearance,
    Consent,
    Decision,
    EmbeddedMaterial,
    PartyGroup,
    Request,
    Row,
    Rule,
    Rulebook,
    Signal,
    Survey,
    Work,
    clear_spans,
    decide,
)

KNOWN_AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
PERFORMERS = 5_000
REQUEST = Request(
    work_id="edit:0",
    components=("picture", "dialogue"),
    action="train_gen_finetune",
    licensee="acme",
    territories=("US", "DE"),
    use_from=datetime(2026, 11, 11, tzinfo=UTC),
    use_until=datetime(2026, 12, 11, tzinfo=UTC),
    known_at=KNOWN_AT,
)
Span = tuple[int, int]


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=1_000_000)
    parser.add_argument("--works", type=int, default=20_000)
    parser.add_argument("--sample", type=int, default=2_000, help="shots also asked one by one")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311

    began = time.perf_counter()
    spans = shots_of(options.works, options.shots, chance)
    rows = library(spans, chance)
    made = time.perf_counter()
    rulebook = Rulebook.from_rows(rows)
    checked = time.perf_counter()
    answers: list[Decision] = []
    outcomes: Counter[str] = Counter()
    for _, _, decision in clear_spans(rulebook, REQUEST, spans):
        answers.append(decision)
        outcomes[decision.outcome.value] += 1
    cleared = time.perf_counter()

    order = [(work_id, span) for work_id, asked in spans.items() for span in asked]
    sample = chance.sample(range(len(order)), min(options.sample, len(order)))
    sampling = time.perf_counter()
    alone = [
        decide(rulebook, replace(REQUEST, work_id=order[at][0], span=order[at][1])) for at in sample
    ]
    sampled = time.perf_counter()

    bulk, naive = (cleared - checked) / len(order), (sampled - sampling) / len(sample)
    equal = sum(answers[at] == one for at, one in zip(sample, alone, strict=True))
    report(
        {
            "shots": f"{len(order):,}",
            "works": f"{len(spans):,}",
            "rows": f"{sum(map(len, rows.values())):,}",
            "rows made, seconds": f"{made - began:.1f}",
            "rulebook checked, seconds": f"{checked - made:.1f}",
            "cleared, seconds": f"{cleared - checked:.1f}",
            "microseconds a shot": f"{bulk * 1e6:.1f}",
            "naive, microseconds a shot": f"{naive * 1e6:.1f}",
            "naive, all shots, seconds": f"{naive * len(order):.0f}",
            "ratio": f"{naive / bulk:.1f}",
            "agreement": f"{equal} of {len(sample)}",
            "distinct decisions": f"{len(set(map(id, answers))):,}",
            "outcomes": ", ".join(f"{name} {n:,}" for name, n in sorted(outcomes.items())),
            "peak RSS, MiB": f"{peak_mib():.0f}",
        }
    )


def shots_of(works: int, shots: int, chance: random.Random) -> dict[str, list[Span]]:
    """Back-to-back shots of 24 to 240 frames, as many for every work."""
    spans: dict[str, list[Span]] = {}
    for number in range(works):
        count = shots // works + (number < shots % works)
        frame, cut = 0, []
        for _ in range(count):
            length = chance.randrange(24, 240)
            cut.append((frame, frame + length))
            frame += length
        spans[f"edit:{number}"] = cut
    return spans


def library(spans: dict[str, list[Span]], chance: random.Random) -> dict[str, list[Row]]:
    """A rulebook's rows for these films."""
    rows: dict[str, list[Row]] = {
        "works": [],
        "rules": [],
        "party_groups": [PartyGroup(group_id="group:labs", members=("acme", "other"))],
        "appearances": [],
        "consents": [consent for n in range(PERFORMERS) for consent in said_by(n, chance)],
        "embedded_material": [],
        "surveys": [],
        "signals": [],
    }
    surveyed = datetime(2026, 1, 1, tzinfo=UTC)
    for number, (edit, shots) in enumerate(spans.items()):
        title = f"title:{number}"
        rows["works"] += [
            Work(work_id=title, level="title"),
            Work(work_id=edit, level="edit", parent_id=title),
        ]
        rows["rules"] += rules_of(number, title, shots, chance)
        rows["surveys"] += [
            Survey(work_id=edit, kind=kind, completed_at=surveyed)
            for kind in ("APPEARANCE", "EMBEDDED")
        ]
        cast = chance.sample(range(PERFORMERS), 12)
        for shot in shots:
            if chance.random() < 0.6:
                first = chance.randrange(*shot)
                rows["appearances"].append(
                    Appearance(
                        work_id=edit,
                        span=(first, shot[1]),
                        party_id=f"perf:{chance.choice(cast)}",
                        facet=chance.choice(("FACE", "FACE", "BODY", "VOICE")),
                        identity="CONFIRMED" if chance.random() < 0.95 else "CANDIDATE",
                    )
                )
        for shot in chance.sample(shots, min(3, len(shots))):
            rows["embedded_material"].append(
                EmbeddedMaterial(
                    work_id=edit,
                    span=(shot[0] + 5, shot[1] + 40),
                    component=chance.choice(("picture", "music")),
                    kind=chance.choice(("STILL", "STOCK_FOOTAGE", "ARTWORK")),
                    ai_status=chance.choice(("PERMIT", "SILENT", "PROHIBIT")),
                    licensees=("group:labs",),
                )
            )
        if number % 20 == 0:
            entries = (("train-ai", chance.choice("ny")),)
            rows["signals"].append(Signal(work_id=edit, scheme="AIPREF", entries=entries))
    return rows


def rules_of(number: int, title: str, shots: Sequence[Span], chance: random.Random) -> list[Rule]:
    """One grant; for some films a second over a part, a holdback, an exclusive, an amendment."""
    grant = Rule(
        rule_id=f"G{number}",
        effect="PERMIT",
        kind="GRANT",
        work_id=title,
        inherit="ALL_EDITS",
        actions=("train_gen",),
        assignee=chance.choice(("acme", "group:labs", "*", "acme", "other")),
        territory_include=("001",),
        territory_exclude=("RU",),
        start=f"2026-{chance.randrange(1, 13):02}-01",
        end="2028-12-31",
        time_zone="America/Los_Angeles",
        end_convention="INCLUSIVE_DAY",
        status="EXECUTED",
    )
    rules = [grant]
    if number % 5 == 0 and shots:
        half = shots[len(shots) // 2][0] + 1
        part = replace(grant, rule_id=f"H{number}", assignee="acme", span=(0, half))
        rules.append(part)
    if number % 7 == 0:
        rules.append(
            Rule(
                rule_id=f"P{number}",
                effect="PROHIBIT",
                kind="HOLDBACK",
                work_id=title,
                actions=("train",),
                assignee="*",
                territory_include=("DE",),
                end="2026-11-30",
                span=chance.choice((None, (100, 900))),
                except_for=(grant.rule_id,) if number % 2 else (),
                status="EXECUTED",
            )
        )
    if number % 31 == 0:
        other = replace(grant, rule_id=f"X{number}", assignee="other", exclusive=True)
        rules.append(other)
    return rules


def said_by(number: int, chance: random.Random) -> list[Consent]:
    """A consent, or what a performer said instead."""
    consent = Consent(
        party_id=f"perf:{number}",
        state="GRANTED",
        actions=("train_gen",),
        licensee="*",
        facets=("FACE", "BODY", "VOICE"),
        end=chance.choice((None, "2027-12-31")),
    )
    drawn = chance.random()
    if drawn < 0.02:
        return [consent, replace(consent, state="REFUSED", end=None)]
    if drawn < 0.04:
        return [replace(consent, withdrawn_at=datetime(2026, 10, 1, tzinfo=UTC))]
    return [] if drawn < 0.05 else [consent]


def peak_mib() -> float:
    """The process's greatest resident memory so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def report(figures: dict[str, str]) -> None:
    """Two columns on standard output."""
    wide = max(map(len, figures))
    for name, figure in figures.items():
        print(f"{name:<{wide}}  {figure}")


if __name__ == "__main__":
    main()
