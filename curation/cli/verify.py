"""`curation verify`: whether a release is what it says it is, and what of it has lapsed since."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curation.cli.inputs import instant
from curation.cli.options import LibraryOption, StoreOption, example
from curation.cli.stations import newest_release_of
from curation.console import InputError, safe, tell
from curation.settings import Settings

if TYPE_CHECKING:
    from curation.dataset.verify.standing import Lapse, Standing

app = typer.Typer()

FAULT_EXIT = 1
LAPSED_EXIT = 3
"""2 is the status of input that cannot be used, for every verb."""
_ENDED = {
    "FILM_NOT_LISTED": "The catalog does not list the film any more.",
    "FILM_OTHER_WORK": "The catalog lists the film as another work now.",
    "CATALOG_QUARANTINED": "A rights row about the work cannot be read.",
}
"""Reasons that the rights gate does not know, in words."""
_LAPSED = ("key", "title", "outcome", "reasons", "rows")
"""Columns of the file of lapsed samples; lists are JSON in their cell."""


@app.command(epilog=example("verify"))
def verify(
    release: Annotated[
        str | None,
        typer.Argument(help="Id of a release in the store, or its place; the newest if none."),
    ] = None,
    store: StoreOption = None,
    library: LibraryOption = None,
    public_key: Annotated[
        list[Path] | None,
        typer.Option(help="Key that must have signed it, in PEM; of several given, one must."),
    ] = None,
    require_signature: Annotated[
        bool, typer.Option("--require-signature", help="An unsigned release is at fault.")
    ] = False,
    against_films: Annotated[
        bool,
        typer.Option(
            "--against-films",
            help="Decode both ends of every clip from its film, in the library, and compare.",
        ),
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(
            help="Ask what has changed by this instant (ISO 8601 with offset); now if none."
        ),
    ] = None,
    lapsed: Annotated[
        Path | None,
        typer.Option(
            help="Write every sample that would not be cleared any more, as CSV.", metavar="FILE"
        ),
    ] = None,
) -> None:
    """Check a release again from its bytes, and say what of it would not be cleared today.

    Every hash, row, decision, paper and clip, and who signed it. What could not be checked is said.

    Consents withdrawn, grants ended and prohibitions added since are asked of the store that it was
    made in, and are no fault of the release.

    Exit status: 0 all is well; 1 a fault; 2 input that cannot be used; 3 no fault, but some of it
    may not be used any more.
    """
    from curation import stages

    settings = Settings.from_environment(store=store, library=library)
    if require_signature and not public_key and not settings.signing_key:
        raise InputError("--require-signature: by whom? Name their key: --public-key FILE")
    if lapsed is not None and not lapsed.parent.is_dir():
        raise InputError(f"--lapsed {lapsed}: there is no folder {lapsed.parent}; make it first")
    name = release or newest_release_of(settings)
    found = stages.verify(
        settings,
        name,
        keys=public_key or (),
        signed=require_signature,
        at=instant(at),
        against_films=against_films,
        tell=tell,
    )
    for fault in found.faults:
        typer.echo(f"FAULT {fault}")
    typer.echo(
        f"{found.release_id}: {found.files} files, {found.samples} samples, {found.clips} clips "
        f"played, {len(found.faults)} faults, "
        + ("anchored in the store" if found.anchored else "not anchored: held against itself only")
        + f", {found.seal}"
    )
    for what in found.unchecked:
        typer.echo(f"not checked: {what}")
    if found.standing is not None:
        for line in _since(found.standing, was_right=found.good):
            typer.echo(safe(line))
        if lapsed is not None:
            _write(lapsed, found.standing)
    elif not found.anchored and (at is not None or lapsed is not None):
        asked = "--lapsed" if at is None else "--at"
        raise InputError(f"{asked}: {name} is not a release of the store, so nothing can be asked")
    if not found.good:
        raise typer.Exit(FAULT_EXIT)
    if found.standing is not None and not found.standing.holds:
        raise typer.Exit(LAPSED_EXIT)


def _write(file: Path, standing: Standing) -> None:
    """Write each sample that lapsed; a release of which none did gives a header alone."""
    try:
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(_LAPSED)
            for lapse in standing.lapses:
                why = (json.dumps(names) for names in (lapse.reasons, lapse.evidence))
                same = (lapse.title, str(lapse.outcome), *why)
                writer.writerows((key, *same) for key in lapse.keys)
    except OSError as error:
        raise InputError(f"--lapsed {file} cannot be written: {error}") from error


def _since(standing: Standing, *, was_right: bool) -> Iterator[str]:
    """What has become of a release since, line by line."""
    from curation.report.wording import instant as in_words

    asked = f"asked again as known on {in_words(standing.asked_at)}"
    if not standing.lapses:
        yield f"since: {asked}, all {standing.samples} samples would be cleared"
    else:
        then = "the release was right when it was published; " if was_right else ""
        titles = f"{standing.titles} title{'s' if standing.titles > 1 else ''}"
        yield (
            f"since: {then}{asked}, {standing.lapsed} of {standing.samples} samples, of {titles}, "
            "would not be cleared"
        )
    for lapse in standing.lapses:
        yield from _lapse(standing, lapse)
    if standing.ended_at is not None:
        yield (
            f"since: the use it is licensed for ended on {in_words(standing.ended_at)}; every copy "
            "is to be deleted"
        )


def _lapse(standing: Standing, lapse: Lapse) -> Iterator[str]:
    from curation.report.decisions import evidence

    reasons = "; ".join(f"{code}: {_meaning(code)}" for code in lapse.reasons)
    keys = ", ".join(lapse.keys[:3]) + (", …" if len(lapse.keys) > len(lapse.keys[:3]) else "")
    samples = "sample" if len(lapse.keys) == 1 else "samples"
    yield (
        f"LAPSED {len(lapse.keys)} {samples} of {lapse.title} ({lapse.work_id}): {lapse.outcome}, "
        f"{reasons}"
    )
    for told in evidence(standing.rulebook, lapse.request, lapse.evidence):
        yield f"  by {told}"
    yield f"  they rested on {', '.join(lapse.grants) or 'no grant'}; {samples} {keys}"


def _meaning(code: str) -> str:
    from curation.rights import reason_of

    return _ENDED[code] if code in _ENDED else reason_of(code).meaning
