"""Signatures: only the key's owner can make one, and anyone can see that nothing was changed."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import stages
from curation.dataset.fault import Fault
from curation.dataset.signature import (
    SIGNATURE,
    KeyFileError,
    PublicKey,
    Seal,
    check_seal,
    make_key,
    public_path,
    read_public_key,
    read_signer,
)
from curation.settings import Settings
from curation.storage import Place
from tests.dataset.conftest import KNOWN_AT, recipe

MANIFEST = b'{"format": 3}\n'


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_key(tmp_path / "studio.pem")
    return tmp_path / "studio.pem"


@pytest.fixture
def signed(tmp_path: Path, key: Path) -> Path:
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / SIGNATURE).write_bytes(read_signer(key).sign(MANIFEST))
    return folder


def sealed(
    folder: Path, *keys: PublicKey, manifest: bytes = MANIFEST, required: bool = False
) -> tuple[Seal, list[Fault]]:
    return check_seal(Place.parse(folder), manifest, trusted=keys, required=required)


def test_a_key_is_its_owners_alone_and_is_made_once(key: Path) -> None:
    before = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    public = read_public_key(public_path(key))
    assert public == read_signer(key).public == make_key(key)
    assert key.read_bytes() == before
    assert before.decode() not in repr(read_signer(key))


def test_the_same_bytes_are_signed_alike(key: Path) -> None:
    assert read_signer(key).sign(MANIFEST) == read_signer(key).sign(MANIFEST)


def test_whose_key_it_is_only_a_key_from_elsewhere_tells(
    signed: Path, key: Path, tmp_path: Path
) -> None:
    public, other = read_public_key(public_path(key)), make_key(tmp_path / "other.pem")
    assert sealed(signed) == (Seal(public.key_id, trusted=False), [])
    assert sealed(signed, public) == (Seal(public.key_id, trusted=True), [])
    assert sealed(signed, other, public) == (Seal(public.key_id, trusted=True), [])
    _, (fault,) = sealed(signed, other)
    assert "which is none of those given" in fault.what


def test_what_is_not_signed_is_at_fault_where_that_is_asked_for(tmp_path: Path, key: Path) -> None:
    assert sealed(tmp_path) == (Seal(), [])
    for keys, required in (((), True), ((read_signer(key).public,), False)):
        seal, (fault,) = sealed(tmp_path, *keys, required=required)
        assert seal.key_id is None
        assert (fault.file, fault.what[:10]) == (SIGNATURE, "is missing")


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_bit_that_flips_is_found(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    make_key(folder / "k.pem")
    raw = bytearray(read_signer(folder / "k.pem").sign(MANIFEST))
    raw[at % len(raw)] ^= 1 << bit
    (folder / SIGNATURE).write_bytes(raw)
    seal, faults = sealed(folder)
    assert seal.key_id is None
    assert [fault.file for fault in faults] == [SIGNATURE]


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", "is no signature: it is no JSON"),
        (b"[" * 3000, "is no signature: it is no JSON"),
        (b"{}", "it must have the fields"),
        (b"x" * 5000, "it has more than 4096 bytes"),
    ],
)
def test_what_is_no_signature_is_no_signature(signed: Path, raw: bytes, fault: str) -> None:
    (signed / SIGNATURE).write_bytes(raw)
    seal, faults = sealed(signed)
    assert seal.key_id is None
    assert fault in str(faults[0])


def test_another_manifest_is_not_signed_by_it(signed: Path) -> None:
    _, (fault,) = sealed(signed, manifest=MANIFEST + b" ")
    assert "does not fit the manifest" in fault.what


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_private_key_that_others_can_reach_is_refused(key: Path, mode: int) -> None:
    key.chmod(mode)
    with pytest.raises(KeyFileError, match=f"others can reach.*{mode:03o}.*chmod 600"):
        read_signer(key)


def test_what_is_no_key_is_named(key: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("no key")
    text.chmod(0o600)
    with pytest.raises(KeyFileError, match="is no private key in PEM"):
        read_signer(text)
    with pytest.raises(KeyFileError, match="is no private key in PEM"):
        make_key(text)
    with pytest.raises(KeyFileError, match="is no public key in PEM"):
        read_public_key(text)
    with pytest.raises(KeyFileError, match="is a private key; give its public half"):
        read_public_key(key)
    with pytest.raises(KeyFileError, match="cannot be read as a key: No such file"):
        read_signer(tmp_path / "none.pem")


def test_an_encrypted_key_and_one_of_another_kind_are_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as ser
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    for name, private, how, why in (
        (
            "encrypted.pem",
            ed25519.Ed25519PrivateKey.generate(),
            ser.BestAvailableEncryption(b"secret"),
            "is encrypted",
        ),
        ("ec.pem", ec.generate_private_key(ec.SECP256R1()), ser.NoEncryption(), "is no Ed25519"),
    ):
        pem = private.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, how)
        os.close(os.open(tmp_path / name, os.O_CREAT, 0o600))
        (tmp_path / name).write_bytes(pem)
        with pytest.raises(KeyFileError, match=why):
            read_signer(tmp_path / name)


def test_a_release_is_signed_by_the_key_of_the_settings(
    made: tuple[Settings, str], tmp_path: Path, key: Path
) -> None:
    shutil.copytree(made[0].store, tmp_path / "store")
    own = replace(made[0], store=str(tmp_path / "store"), signing_key=str(key))
    done = stages.release(own, recipe(still=False), known_at=KNOWN_AT)
    public = public_path(key)
    found = stages.verify(own, done.release_id, signed=True)
    assert found.good, found.faults
    assert found.seal.trusted
    assert not any("sign" in what for what in found.unchecked)
    manifest = Path(own.store) / "releases" / done.release_id / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"ALL_TRAINING", b"REPLICA_ONLY"))
    spoilt = stages.verify(own, str(manifest.parent), keys=[public])
    assert SIGNATURE in {fault.file for fault in spoilt.faults}


def test_a_key_that_cannot_be_used_stops_a_release_before_anything_is_cut(
    made: tuple[Settings, str], tmp_path: Path
) -> None:
    own = replace(made[0], signing_key=str(tmp_path / "none.pem"))
    with pytest.raises(KeyFileError, match="cannot be read as a key"):
        stages.plan_release(own, recipe(still=False), known_at=KNOWN_AT)
