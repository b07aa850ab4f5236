"""The papers of a release: read with their fields' own libraries, and held against its rows."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from curation.dataset.signature import SIGNATURE, make_key, public_path, read_signer
from curation.dataset.verify import Verification, anchor_of, verify
from curation.papers import binder, left_out
from curation.papers.markdown import plain
from curation.settings import Settings
from curation.storage import Place
from curation.tables import Store
from curation.tables.store import rows_of
from tests.dataset.verify.forgery import PARQUET, TAR, Row, forge_rows, reseal

SIDECAR = "training_mining/train-000000.jsonl"


def rows(folder: Path) -> list[Row]:
    files = sorted(folder.glob("parquet/*/*.parquet"))
    return [row for file in files for row in rows_of(pq.read_table(file, partitioning=None))]


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def test_croissant_is_valid_and_reads_the_rows(folder: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    assert dataset.metadata.data_biases
    said = {
        record["samples/key"].decode(): (
            record["samples/seconds"],
            record["samples/clip_sha256"].decode(),
            record["samples/split"].decode(),
        )
        for record in dataset.records("samples")
    }
    assert said == {
        row["key"]: (row["seconds"], row["clip"]["sha256"], "train") for row in rows(folder)
    }


def test_croissant_and_manifest_list_the_same_files(folder: Path) -> None:
    manifest = read(folder, "manifest.json")
    listed = {
        file["contentUrl"]: file["sha256"]
        for file in read(folder, "croissant.json")["distribution"]
        if "contentUrl" in file
    }
    parts = [*manifest["cards"], *manifest["papers"]]
    parts += [file for shard in manifest["shards"] for file in shard["files"]]
    known = {file["path"]: file["sha256"] for file in parts if file["path"] not in binder.BOUND}
    assert listed == known
    on_disk = {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}
    assert on_disk == {"manifest.json", *(file["path"] for file in parts)}


def test_the_hub_reads_the_card(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (folder / "README.md").read_text()
    head = yaml.safe_load(text.split("---\n")[1])
    assert (head["license"], head["license_link"]) == ("other", "LICENSE.md")
    assert head["size_categories"] == ["n<1K"]
    assert "| length | `TOO_SHORT` |" in text
    assert "| `lighting.key_style` |" in text
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    loaded = datasets.load_dataset(str(folder), cache_dir=str(folder.parent / "cache"))
    assert {name: split.num_rows for name, split in loaded.items()} == {"train": len(rows(folder))}


def test_each_clip_says_what_it_may_be_used_for(folder: Path) -> None:
    files = sorted((folder / "training_mining").glob("*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    stated = {line["key"]: line["clip_sha256"] for line in lines}
    assert stated == {row["key"]: row["clip"]["sha256"] for row in rows(folder)}
    for line in lines:
        (assertion,) = line["assertions"]
        assert assertion["label"] == "cawg.training-mining"
        uses = {name: entry["use"] for name, entry in assertion["data"]["entries"].items()}
        assert uses.pop("cawg.ai_generative_training") == "constrained"
        assert set(uses.values()) == {"notAllowed"}


def test_policy_licence_provenance_and_summary_tell_of_this_release(folder: Path) -> None:
    manifest, ours = read(folder, "manifest.json"), rows(folder)
    request = manifest["recipe"]["request"]
    policy = read(folder, binder.POLICY)
    limits = policy["permission"][0]["constraint"]
    assert limits[0]["rightOperand"] == request["territories"]
    assert [limit["rightOperand"]["@value"] for limit in limits[1:]] == [
        request["use_from"],
        request["use_until"],
    ]
    owed = {duty.partition("@")[0] for row in ours for duty in row["rights"]["duties"]}
    text = (folder / binder.LICENCE).read_text()
    assert all(duty in text for duty in owed)
    assert all(credit["name"] in text for credit in manifest["credits"] if credit["name"])
    record = read(folder, binder.PROVENANCE)
    films = {part["source"] for part in record["provenance"]["sub-provenance"]}
    assert films == {f"urn:sha256:{row['asset_sha256']}" for row in ours}
    for group, needed in {
        "source": {"version", "title", "id", "issuer", "description"},
        "provenance": {"origin-geography", "date", "generation-method"},
        "use": {"intended-purpose"},
    }.items():
        assert needed <= record[group].keys()
    video = read(folder, binder.EU_SUMMARY)["1.3"]["modalities"]["video"]
    assert video["size"] == pytest.approx(sum(row["seconds"] for row in ours) / 3600, abs=1e-6)
    assert video["range"] == "Less than 10 000 hours"


def test_what_must_be_said_of_a_release_is_in_its_papers(folder: Path) -> None:
    manifest, text = read(folder, "manifest.json"), (folder / binder.CARD).read_text()
    said = manifest["remarks"]
    assert any("none fell there" in remark for remark in said)
    assert all(plain(remark) in text for remark in said)
    manifest["remarks"] = []
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert seen(folder) == {binder.CARD}


def test_a_film_has_the_date_at_which_the_catalog_first_listed_it(folder: Path) -> None:
    manifest = read(folder, "manifest.json")
    (source,) = manifest["sources"]
    assert source["listed_since"] == "2026-11-21T00:00:00Z"
    for since, date in (("2019-03-01T00:00:00Z", "2019-03-01"), (None, None)):
        manifest["sources"] = [source | {"listed_since": since}]
        (folder / "manifest.json").write_text(json.dumps(manifest))
        reseal(folder)
        (film,) = read(folder, binder.PROVENANCE)["provenance"]["sub-provenance"]
        assert film.get("date") == since
        summary = read(folder, binder.EU_SUMMARY)["1.3"]
        assert summary.get("latest_date_of_acquisition") == date
        assert not seen(folder)


def test_what_was_left_out_adds_up_with_what_is_in(
    folder: Path, made: tuple[Settings, str]
) -> None:
    lines = left_out.read(io.BytesIO((folder / binder.LEFT_OUT).read_bytes()))
    selections = rows_of(Store.at(made[0].store).read("selections"))
    out = {row["shot_id"]: tuple(row["reasons"]) for row in selections if row["station"]}
    assert {line.shot_id: line.reasons for line in lines if line.shot_id} == out
    assert all(line.first is not None for line in lines if line.shot_id)
    assert len(out) + len(rows(folder)) == len(selections)


# -- verification


def seen(folder: Path) -> set[str]:
    return {fault.file for fault in verify(Place.parse(folder)).faults}


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize("path", [*binder.BOUND, binder.LEFT_OUT, SIDECAR])
def test_a_byte_flipped_in_a_paper_is_found_and_so_is_its_absence(folder: Path, path: str) -> None:
    flip(folder / path)
    assert path in seen(folder)
    (folder / path).unlink()
    assert path in seen(folder)


def test_two_papers_in_each_others_place_are_found(folder: Path) -> None:
    one, other = folder / binder.POLICY, folder / binder.PROVENANCE
    texts = one.read_bytes(), other.read_bytes()
    one.write_bytes(texts[1])
    other.write_bytes(texts[0])
    assert {binder.POLICY, binder.PROVENANCE} <= seen(folder)


def test_a_paper_forged_with_its_hash_still_says_what_the_release_does_not(folder: Path) -> None:
    for path, old, new in (
        (binder.POLICY, "2031-12-01", "2099-12-01"),
        (binder.LICENCE, "example-lab", "anybody"),
        (SIDECAR, "notAllowed", "allowed"),
        (binder.EU_SUMMARY, "10 000 hours", "1 million hours"),
    ):
        copy = folder.parent / path.replace("/", "-")
        shutil.copytree(folder, copy)
        text = (copy / path).read_text()
        assert old in text
        (copy / path).write_text(text.replace(old, new))
        rehash(copy)
        faults = verify(Place.parse(copy)).faults
        assert [str(fault) for fault in faults if fault.file == path] == [
            f"{path}: does not say what the release says"
        ]


def rehash(folder: Path) -> None:
    """Make the manifest agree with its papers and cards, as they are."""
    import hashlib

    file = folder / "manifest.json"
    data = json.loads(file.read_text())
    listed = [*data["papers"], *data["cards"]]
    before = sum(one["bytes"] for one in listed)
    for one in listed:
        raw = (folder / one["path"]).read_bytes()
        one |= {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    data["totals"]["bytes"] += sum(one["bytes"] for one in listed) - before
    file.write_text(json.dumps(data))


@pytest.mark.parametrize("path", [binder.CARD, "cards/quality.json"])
def test_a_card_forged_with_its_hash_is_itself_to_blame(folder: Path, path: str) -> None:
    text = (folder / path).read_text()
    (folder / path).write_text(text.replace("luma", "look", 1).replace("Citation", "Thanks", 1))
    assert (folder / path).read_text() != text
    rehash(folder)
    assert seen(folder) == {path}


def test_a_paper_that_the_manifest_does_not_list_is_missed(folder: Path) -> None:
    file = folder / "manifest.json"
    data = json.loads(file.read_text())
    data["papers"] = [paper for paper in data["papers"] if paper["path"] != binder.POLICY]
    data["papers"].append({"path": "../x", "bytes": 0, "sha256": "0" * 64})
    file.write_text(json.dumps(data))
    said = "\n".join(str(fault) for fault in verify(Place.parse(folder)).faults)
    assert f"does not list the paper '{binder.POLICY}'" in said
    assert "'../x' is no name of a paper" in said


def test_frames_that_were_left_out_are_in_no_clip(folder: Path) -> None:
    lines = left_out.read(io.BytesIO((folder / binder.LEFT_OUT).read_bytes()))
    clip = rows(folder)[0]
    smuggled = replace(
        lines[0],
        asset_sha256=clip["asset_sha256"],
        shot_id=lines[0].shot_id or "s",
        first=clip["clean_end"] - 1,
        past_last=clip["clean_end"] + 9,
    )
    (folder / binder.LEFT_OUT).write_bytes(left_out.write([smuggled, *lines[1:]]))
    reseal(folder)
    faults = verify(Place.parse(folder)).faults
    met = [fault for fault in faults if "left out at" in fault.what]
    assert [fault.sample for fault in met] == [clip["key"]]
    assert lines[0].reasons[0] in met[0].what


def test_a_customers_copy_says_what_it_could_not_check(folder: Path) -> None:
    found = verify(Place.parse(folder))
    assert found.good
    assert [what.split(":")[0] for what in found.unchecked] == [
        "whether this is what was published",
        "whether the rulebook of then allows each sample",
        "what was withdrawn, ended or forbidden since",
        "who made it",
    ]


# -- decisions asked again


def against_the_store(folder: Path, made: tuple[Settings, str]) -> Verification:
    """As a store would that was made to believe in the forged manifest."""
    import hashlib

    anchor = anchor_of(Store.at(made[0].store), made[1])
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    return verify(Place.parse(folder), anchor=replace(anchor, manifest_sha256=digest))


def test_every_decision_of_a_release_still_comes_out_alike(
    folder: Path, made: tuple[Settings, str]
) -> None:
    found = against_the_store(folder, made)
    assert found.good, found.faults
    assert [what.split(":")[0] for what in found.unchecked] == ["who made it"]


def _rights(name: str, value: object) -> Callable[[list[Row]], None]:
    return lambda rows: rows[1]["rights"].__setitem__(name, value)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_rights("grants", ["LAB-W001"]), "its grants are ['LAB-W001'], when asked again"),
        (_rights("duties", []), "its duties are [], when asked again"),
        (_rights("rows", []), "its rows are [], when asked again"),
        (lambda rows: rows[1].__setitem__("work_id", "W001-X"), "its decision is"),
    ],
)
def test_a_decision_forged_with_all_hashes_does_not_come_out_again(
    folder: Path, made: tuple[Settings, str], change: Callable[[list[Row]], None], fault: str
) -> None:
    forge_rows(folder, change)
    key = rows_of(pq.read_table(folder / PARQUET, partitioning=None))[1]["key"]
    found = [f for f in against_the_store(folder, made).faults if f.sample == key]
    assert fault in "\n".join(map(str, found))


def test_a_rulebook_that_is_not_the_one_of_then_is_found(
    made: tuple[Settings, str], folder: Path, tmp_path: Path
) -> None:
    anchor = anchor_of(Store.at(made[0].store), made[1])
    assert anchor.knowledge is not None
    rules = [r for r in anchor.knowledge.rulebook.rules if r.rule_id != "LAB-W002"]
    from curation.rights import Rulebook

    poorer = Rulebook(works=anchor.knowledge.rulebook.works, rules=tuple(rules))
    knowledge = replace(anchor.knowledge, rulebook=poorer)
    found = verify(Place.parse(folder), anchor=replace(anchor, knowledge=knowledge))
    said = "\n".join(str(fault) for fault in found.faults)
    assert "manifest.json: its rulebook is" in said
    assert said.count("when asked again: ") == len(rows(folder))


# -- signed


@pytest.mark.parametrize(
    "path", [TAR, PARQUET, "manifest.json", SIGNATURE, binder.POLICY, "cards/lighting.json"]
)
def test_of_a_signed_release_any_byte_changed_is_found_and_named(
    folder: Path, tmp_path: Path, path: str
) -> None:
    make_key(tmp_path / "k.pem")
    signer = read_signer(tmp_path / "k.pem")
    (folder / SIGNATURE).write_bytes(signer.sign((folder / "manifest.json").read_bytes()))
    whole = verify(Place.parse(folder), keys=[signer.public], signed=True)
    assert whole.good
    if path == "manifest.json":
        text = (folder / path).read_text()
        (folder / path).write_text(text.replace('"seed": 0', '"seed": 1'))
        path = SIGNATURE
    else:
        flip(folder / path)
    found = verify(Place.parse(folder), keys=[signer.public], signed=True)
    assert path in {fault.file for fault in found.faults}


def test_a_decision_edited_without_the_key_breaks_the_signature(
    folder: Path, tmp_path: Path
) -> None:
    make_key(tmp_path / "k.pem")
    signer = read_signer(tmp_path / "k.pem")
    (folder / SIGNATURE).write_bytes(signer.sign((folder / "manifest.json").read_bytes()))
    forge_rows(folder, _rights("duties", []))
    faults = verify(Place.parse(folder), keys=[signer.public]).faults
    assert [str(fault) for fault in faults] == [
        f"{SIGNATURE}: does not fit the manifest: one of the two was changed"
    ]


def test_verification_from_the_command_line_needs_to_know_by_whom(
    folder: Path, tmp_path: Path
) -> None:
    from typer.testing import CliRunner

    from curation.cli import app

    run = CliRunner().invoke
    made = run(app, ["keygen", str(tmp_path / "k.pem")])
    assert made.exit_code == 0
    public = str(public_path(tmp_path / "k.pem"))
    plain = run(app, ["verify", str(folder)])
    assert plain.exit_code == 0
    assert "not signed" in plain.stdout
    assert "not checked: who made it" in plain.stdout
    asked = run(app, ["verify", str(folder), "--require-signature", "--public-key", public])
    assert asked.exit_code == 1
    assert f"FAULT {SIGNATURE}: is missing" in asked.stdout
    by_whom = run(app, ["verify", str(folder), "--require-signature"])
    assert by_whom.exit_code == 2


def test_the_same_papers_are_made_of_the_same_release(folder: Path) -> None:
    before = {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    reseal(folder)
    after = {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    changed = {f.name for f in before if before[f] != after[f]}
    assert changed <= {"manifest.json"}
