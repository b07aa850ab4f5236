"""Signatures: who made a release, said in a file beside its manifest.

Ed25519 (RFC 8032) over the manifest's bytes, which name every other file by its SHA-256. The
signature is written before the manifest, and without a manifest there is no release: what is
visible is either signed whole or not signed at all. The public key lies in the file too, so that
a changed byte is found by anyone; whose key it is, only a key from elsewhere can tell.

`openssl pkeyutl -verify -pubin -inkey KEY.pub.pem -rawin -in manifest.json -sigfile RAW` checks the
same, RAW being the decoded ``signature``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from curation.dataset.fault import Fault
from curation.storage import Place, StorageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNATURE: Final = "manifest.json.sig"
ALGORITHM: Final = "Ed25519"
PUBLIC_SUFFIX: Final = ".pub.pem"
_MOST_BYTES = 4096
_FIELDS = ("algorithm", "key_id", "public_key", "signature", "signs")
_SIGNS = "manifest.json"


class KeyFileError(Exception):
    """A key that cannot be used; the message names the file, the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key, 32 bytes, known by the SHA-256 of them in hexadecimal."""

    raw: bytes

    @property
    def key_id(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    def verifies(self, signature: bytes, data: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A private key; never shown."""

    _private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"Signer({self.public.key_id})"

    @property
    def public(self) -> PublicKey:
        return PublicKey(self._private.public_key().public_bytes_raw())

    def sign(self, data: bytes) -> bytes:
        """The file that says so: JSON, the same for the same data and key for ever."""
        return _text(self.public, self._private.sign(data))


@dataclass(frozen=True, slots=True)
class Seal:
    """What was found beside a manifest.

    Attributes:
        key_id: of the key that signed; None where nothing is signed or the signature is bad.
        trusted: the key is one of those given.
    """

    key_id: str | None = None
    trusted: bool = False

    def __str__(self) -> str:
        if self.key_id is None:
            return "not signed"
        whose = "a key that was given" if self.trusted else "a key that nobody here vouches for"
        return f"signed by {self.key_id[:16]}, {whose}"


def make_key(path: Path) -> PublicKey:
    """Make a key: the private one at ``path``, for its owner alone, the public one beside it.

    A key that is there already stays; its public half is written again.

    Raises:
        KeyFileError: for a file that is there and is no key of ours.
        OSError: when it cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    signer = read_signer(path)
    public_path(path).write_bytes(
        signer._private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return signer.public


def public_path(path: Path) -> Path:
    """Where the public half of a key lies."""
    return path.with_name(path.name.removesuffix(".pem") + PUBLIC_SUFFIX)


def read_signer(path: Path) -> Signer:
    """Read a private key: PEM (PKCS #8), Ed25519, not encrypted, readable by its owner alone.

    Raises:
        KeyFileError: for any other file.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    raw, mode = _read(path)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(
            f"{path} is a private key that others can reach (mode {mode & 0o777:03o}); make it "
            f"yours alone: chmod 600 {path}"
        )
    try:
        key = load_pem_private_key(raw, password=None)
    except TypeError as error:
        raise KeyFileError(f"{path} is encrypted; give a key that is not") from error
    except Exception as error:
        raise KeyFileError(
            f"{path} is no private key in PEM; make one: curation keygen {path}.new"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} is no {ALGORITHM} key; make one: curation keygen FILE")
    return Signer(key)


def read_public_key(path: Path) -> PublicKey:
    """Read a public key in PEM (SubjectPublicKeyInfo).

    Raises:
        KeyFileError: for any other file; a private one is named as such.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    raw, _ = _read(path)
    if b"PRIVATE KEY" in raw:
        raise KeyFileError(f"{path} is a private key; give its public half, *{PUBLIC_SUFFIX}")
    try:
        key = load_pem_public_key(raw)
    except Exception as error:
        raise KeyFileError(f"{path} is no public key in PEM; ask its owner for one") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(f"{path} is no {ALGORITHM} key; releases are signed with no other")
    return PublicKey(key.public_bytes_raw())


def check_seal(
    release: Place, manifest: bytes, *, trusted: Iterable[PublicKey], required: bool
) -> tuple[Seal, list[Fault]]:
    """What the signature beside a manifest is worth.

    Args:
        manifest: its bytes, as they were read.
        trusted: keys of which one must have signed, where any is given.
        required: a release that is not signed is at fault. Giving keys requires it too.
    """
    known = tuple(trusted)
    place = release / SIGNATURE
    if not place.exists():
        missing = "is missing: the release is not signed, and a signature is asked for"
        return Seal(), [Fault(SIGNATURE, missing)] if required or known else []
    try:
        key, signature = _parse(place)
    except ValueError as error:
        return Seal(), [Fault(SIGNATURE, f"is no signature: {error}")]
    if not key.verifies(signature, manifest):
        what = "does not fit the manifest: one of the two was changed"
        return Seal(), [Fault(SIGNATURE, what)]
    seal = Seal(key.key_id, key in known)
    return seal, list(_stranger(seal, known))


def _stranger(seal: Seal, known: Sequence[PublicKey]) -> Iterator[Fault]:
    if known and not seal.trusted:
        given = ", ".join(key.key_id[:16] for key in known)
        yield Fault(
            SIGNATURE, f"is by the key {seal.key_id}, which is none of those given: {given}"
        )


def _parse(place: Place) -> tuple[PublicKey, bytes]:
    try:
        if place.entry().size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES} bytes")
        raw = place.read_bytes()
    except StorageError as error:
        raise ValueError(str(error)) from error
    try:
        data: Any = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no JSON ({error})") from error
    if not isinstance(data, dict) or sorted(data) != list(_FIELDS):
        raise ValueError(f"it must have the fields {', '.join(_FIELDS)} and no other")
    if (data["algorithm"], data["signs"]) != (ALGORITHM, _SIGNS):
        raise ValueError(f"it must be {ALGORITHM} and sign {_SIGNS}")
    key = PublicKey(_bytes(data, "public_key", 32))
    signature = _bytes(data, "signature", 64)
    if data["key_id"] != key.key_id or raw != _text(key, signature):
        raise ValueError("it is not as releases write it: a byte was changed")
    return key, signature


def _bytes(data: dict[str, Any], name: str, length: int) -> bytes:
    try:
        value = base64.b64decode(data[name], validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise ValueError(f"{name} is no Base64") from error
    if len(value) != length:
        raise ValueError(f"{name} has {len(value)} bytes, not {length}")
    return value


def _text(key: PublicKey, signature: bytes) -> bytes:
    data = {
        "algorithm": ALGORITHM,
        "key_id": key.key_id,
        "public_key": base64.b64encode(key.raw).decode(),
        "signature": base64.b64encode(signature).decode(),
        "signs": _SIGNS,
    }
    return (json.dumps(data, sort_keys=True, indent=1) + "\n").encode()


def _read(path: Path) -> tuple[bytes, int]:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES), os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise KeyFileError(
            f"{path} cannot be read as a key: {error.strerror}; check the path and its permissions"
        ) from error
