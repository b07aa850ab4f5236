"""What tests of several rooms share: the project's films, the shared data, an object store."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real films, reels and cases; tests that need it skip where it is absent."""
    folder = ROOT / os.environ.get("CURATION_SHARED", "../shared")
    if not folder.is_dir():
        pytest.skip("CURATION_SHARED is not there")
    return folder.resolve()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library with two short films of our own and the broken one."""
    folder = tmp_path / "library"
    folder.mkdir()
    for name in ("vfr_phone.mp4", "window_seat.mp4", "broken_reel.mp4"):
        shutil.copy(ROOT / "examples" / "library" / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A real S3 endpoint on loopback."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """An empty bucket, as ``s3://…``, with the environment set to reach it."""
    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{abs(hash(request.node.nodeid))}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return f"s3://{bucket}"
