"""`curation search` by example or by words, and `curation vote`: words put to every shot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curation.cli.inputs import one_of
from curation.cli.options import FILM, LibraryOption, StoreOption, example
from curation.cli.pictures import drawable, write_picture
from curation.cli.stations import tables_of
from curation.console import FORMATS, InputError, one_line, show, tell, write_csv, write_json
from curation.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from curation.embeddings.embedder import Pictures
    from curation.embeddings.search import Example, Hit
    from curation.report.sheet import Pixels

app = typer.Typer()

COLUMNS = ("shot_id", "film", "title", "timecode", "seconds", "similarity")
MOST = 10_000


@app.command(epilog=example(f"search --like {FILM} --limit 5"))
def search(
    like: Annotated[
        str | None, typer.Option(help="A shot's id, a picture or a film.", metavar="SHOT")
    ] = None,
    words: Annotated[str | None, typer.Option(help="What is to be seen.", metavar="TEXT")] = None,
    where: Annotated[
        str | None, typer.Option(help="Only shots of tagged_shots that fit.", metavar="SQL")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many shots.", min=1, max=MOST)] = 20,
    embedder: Annotated[
        str | None, typer.Option(help="Whose vectors are compared.", metavar="NAME")
    ] = None,
    store: StoreOption = None,
    output: Annotated[str, typer.Option("--format", help="table, csv, json or jsonl.")] = "table",
    sheet: Annotated[
        Path | None,
        typer.Option(help="Draw them here too: .jpg or .png.", metavar="PICTURE"),
    ] = None,
    library: LibraryOption = None,
) -> None:
    """Find the shots that look like an example, or like what words say, the likest first.

    Of a film as an example, the nearest of its shots counts. A sheet shows a
    still of each; many shots fill several: sheet-001.jpg, sheet-002.jpg.
    """
    import duckdb

    from curation.embeddings.search import search as hits_of

    one_of(output, FORMATS)
    if (like is None) == (words is None):
        raise InputError("give an example by --like SHOT, or --words TEXT: one of the two")
    if sheet is not None:
        drawable(sheet, "--sheet")
    settings = Settings.from_environment(store=store, library=library)
    with tables_of(settings) as connection:
        if embedder is not None:
            _known(connection, embedder)
        if like is not None:
            wanted = _like(connection, like, embedder)
        else:
            wanted = _of_words(words or "", embedder)
        try:
            hits = hits_of(connection, wanted, limit=limit, where=where)
        except duckdb.Error as error:
            if where is None:
                raise
            raise InputError(
                f"--where: {one_line(error)}; see `curation tables tagged_shots`"
            ) from error
        _tell_of_others(connection, wanted)
    _print(hits, output)
    if sheet is not None and hits:
        _draw(sheet, hits, settings, like or words or "")


@app.command(epilog=example("vote examples/prompts.yaml --check"))
def vote(
    prompts: Annotated[Path, typer.Argument(help="Facets, labels and texts.", metavar="FILE")],
    voter: Annotated[
        str | None, typer.Option(help="Who is shown stills; none: stored vectors.", metavar="NAME")
    ] = None,
    store: StoreOption = None,
    library: LibraryOption = None,
    check: Annotated[bool, typer.Option("--check", help="Only read the prompts.")] = False,
) -> None:
    """Ask a model that reads words about every analysed shot; its answers are votes, not measures.

    They are tags of zero_shot.<facet>, at most half sure. New shots have none: analyze first.
    """
    from curation import stages
    from curation.tags.votes import read_prompts

    if check:
        facets = read_prompts(prompts).facets.items()
        show(("facet", "asked", "labels"), [(f, q.ask, ", ".join(q.labels)) for f, q in facets])
        return
    settings = Settings.from_environment(store=store, library=library)
    written = stages.vote(settings, prompts, voter=voter, tell=tell)
    show(("facet", "shots"), list(written.items()))


def _draw(output: Path, hits: list[Hit], settings: Settings, title: str) -> None:
    """The hits as pages; what a film's fault leaves empty is told."""
    from curation.report.hits import EACH, page

    pages = -(-len(hits) // EACH)
    for number in range(pages):
        some = hits[number * EACH : (number + 1) * EACH]
        stills = _stills(some, settings)
        drawn = page(some, stills, title=title, first=number * EACH + 1, count=len(hits))
        tell(f"drawn: {write_picture(output, drawn, number + 1, pages)}")


def _stills(hits: list[Hit], settings: Settings) -> dict[str, Pixels]:
    """A still of each hit that can be had, by its shot."""
    from collections import defaultdict

    from curation.analysis.stills import stills
    from curation.media import MediaError, read_timeline
    from curation.report.hits import WIDTH
    from curation.storage import Place, StorageError

    films: dict[str, dict[int, str]] = defaultdict(dict)
    for hit in hits:
        films[hit.asset_path][hit.frame] = hit.shot_id
    found = {}
    for path, shots in films.items():
        try:
            with Place.parse(settings.library).within(path).source() as source:
                timeline = read_timeline(source)
                wanted = [frame for frame in shots if frame < len(timeline)]
                for frame in stills(source, timeline, wanted, WIDTH):
                    found[shots[frame.index]] = frame.rgb.copy()
        except (MediaError, StorageError) as fault:
            tell(f"no picture of {path}: {fault}")
    return found


def _known(connection: DuckDBPyConnection, embedder: str) -> None:
    """Raise `SearchError` for an embedder that is not here and has left no vector in the store."""
    from curation.embeddings.embedder import embedders
    from curation.embeddings.search import SearchError, stored_embedders

    known = {*stored_embedders(connection), *(each.name for each in embedders())}
    if embedder not in known:
        names = ", ".join(sorted(known)) or "none"
        raise SearchError(f"--embedder: there is no embedder {embedder!r}; known: {names}")


def _like(connection: DuckDBPyConnection, like: str, embedder: str | None) -> Example:
    """What a file shows, or a stored shot."""
    from curation.embeddings.embedder import DEFAULT, embedders
    from curation.embeddings.search import Example, SearchError, shot_example

    name = embedder or DEFAULT
    path = Path(like)
    if not path.is_file():
        return shot_example(connection, like, name)
    own = next((each for each in embedders() if each.name == name), None)
    if own is None:
        known = ", ".join(each.name for each in embedders()) or "none"
        raise SearchError(f"no embedder {name!r} is here; known: {known}")
    return Example(name, own.version, own.embed(_pictures(path, own.width)))


def _pictures(path: Path, width: int) -> Pictures:
    """The picture, or the middle still of each of a film's shots."""
    import numpy as np

    from curation.analysis import find_shots
    from curation.analysis.stills import stills
    from curation.media import read_still, still_format

    if still_format(str(path)) is not None:
        return read_still(str(path))[1].sized(width).rgb[None]
    found = find_shots(path)
    middles = {(shot.clean_start + shot.clean_end) // 2 for shot in found.shots}
    given = [frame.rgb.copy() for frame in stills(path, found.timeline, middles, width)]
    if not given:
        raise InputError(f"{path} shows nothing that can be decoded; give another example")
    return np.stack(given)


def _of_words(words: str, embedder: str | None) -> Example:
    """What an embedder that reads makes of words."""
    from curation.embeddings.clip import EXTRA, VARIABLE
    from curation.embeddings.embedder import reader
    from curation.embeddings.search import Example, SearchError

    if (found := reader(embedder)) is not None:
        return Example(found.name, found.version, found.embed_words([words]))
    raise SearchError(
        f"{embedder or 'no embedder here'} {'does not read' if embedder else 'reads'} words: "
        f"pip install '{EXTRA}', name a network in {VARIABLE} (ViT-B-32/laion2b_s34b_b79k, or a "
        "folder), and run `curation analyze`"
    )


def _tell_of_others(connection: DuckDBPyConnection, wanted: Example) -> None:
    from curation.embeddings.search import other_versions

    if others := other_versions(connection, wanted.embedder, wanted.version):
        tell(
            f"{others:,} shots were embedded by another version of {wanted.embedder} and are not "
            "compared; run `curation analyze`"
        )


def _print(hits: list[Hit], output: str) -> None:
    rows = [
        (h.shot_id, h.asset_path, h.title, h.timecode, round(h.seconds, 3), round(h.similarity, 4))
        for h in hits
    ]
    if output == "table":
        show(COLUMNS, rows)
        if not rows:
            tell("no shot has a vector to compare with; run `curation analyze`")
    elif output == "csv":
        write_csv(COLUMNS, rows)
    else:
        write_json(COLUMNS, rows, lines=output == "jsonl")
