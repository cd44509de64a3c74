"""A real server on this machine hands out archives, good and bad."""

import hashlib
import io
import logging
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from mia_exp.core.errors import DataError
from mia_exp.data.download import fetch_archive
from mia_exp.data.readers.side_by_side import SideBySideDataset

SIZES = {"train": 2, "val": 1}


def archive(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def image() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 32)).save(buffer, "PNG")
    return buffer.getvalue()


GOOD = {f"streets/{name}.png": image() for name in ("train/1", "train/2", "val/1")}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        content, announced = self.server.files[self.path]
        self.server.requests += 1
        self.send_response(200)
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.requests = {}, 0
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def serve(server):
    def publish(content: bytes, announced: int | None = None) -> str:
        server.files["/a.tar.gz"] = (content, len(content) if announced is None else announced)
        return f"http://127.0.0.1:{server.server_port}/a.tar.gz"

    return publish


def visible(folder):
    return [path.name for path in folder.iterdir() if path.suffix != ".lock"]


def test_a_good_archive_is_unpacked_and_its_digest_told(tmp_path, serve, caplog):
    content = archive(GOOD)
    digest = hashlib.sha256(content).hexdigest()
    with caplog.at_level(logging.INFO):
        fetch_archive(serve(content), None, tmp_path / "deep" / "streets", SIZES)
    assert digest in caplog.text
    assert (tmp_path / "deep" / "streets" / "val" / "1.png").read_bytes() == image()
    assert visible(tmp_path / "deep") == ["streets"]


def test_a_known_digest_is_checked(tmp_path, serve):
    content = archive(GOOD)
    with pytest.raises(DataError, match="archive_sha256"):
        fetch_archive(serve(content), "0" * 64, tmp_path / "streets", SIZES)
    assert visible(tmp_path) == []
    fetch_archive(serve(content), hashlib.sha256(content).hexdigest(), tmp_path / "streets", SIZES)


def test_partitions_may_lie_at_the_top(tmp_path, serve):
    top = {name.removeprefix("streets/"): content for name, content in GOOD.items()}
    fetch_archive(serve(archive(top)), None, tmp_path / "streets", SIZES)
    assert (tmp_path / "streets" / "train" / "2.png").exists()


def link(kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo("streets/train/3.png")
    info.type, info.linkname = kind, "1.png"
    return info


BAD = {
    "traversal": {**GOOD, "../evil.png": b"x"},
    "deep traversal": {**GOOD, "streets/train/../../../../evil.png": b"x"},
    "symbolic link": {**GOOD, "link": link(tarfile.SYMTYPE)},
    "hard link": {**GOOD, "link": link(tarfile.LNKTYPE)},
    "device": {**GOOD, "device": link(tarfile.CHRTYPE)},
    "missing pair": {name: content for name, content in GOOD.items() if name != "streets/train/2.png"},
    "missing partition": {name: content for name, content in GOOD.items() if "val" not in name},
}


@pytest.mark.parametrize("members", BAD.values(), ids=BAD.keys())
def test_a_bad_archive_leaves_nothing(tmp_path, serve, members):
    folder = tmp_path / "one" / "two"
    with pytest.raises(DataError, match=r"127\.0\.0\.1"):
        fetch_archive(serve(archive(members)), None, folder / "streets", SIZES)
    assert visible(folder) == []
    assert not list(tmp_path.rglob("evil.png"))


@pytest.mark.parametrize("cut", ["download", "archive", "all"])
def test_cut_short(tmp_path, serve, cut):
    content = archive(GOOD)
    half = b"" if cut == "all" else content[: len(content) // 2]
    announced = len(content) if cut == "download" else len(half)
    with pytest.raises(DataError, match="truncated" if cut == "download" else "expected a .tar.gz"):
        fetch_archive(serve(half, announced), None, tmp_path / "streets", SIZES)
    assert visible(tmp_path) == []


def test_no_server(tmp_path):
    with pytest.raises(DataError, match=r"localhost:9/a\.tar\.gz.*by hand.*dataset\.root"):
        fetch_archive("http://localhost:9/a.tar.gz", None, tmp_path / "streets", SIZES)
    assert visible(tmp_path) == []


def test_what_a_killed_download_left_is_not_taken_for_whole(tmp_path, serve):
    leftover = tmp_path / ".streets.partial" / "unpacked" / "streets" / "train"
    leftover.mkdir(parents=True)
    (leftover / "9.png").write_bytes(b"half an image")
    settings = SideBySideDataset(
        name="streets", folder="streets", homepage="-", archive_url=serve(archive(GOOD)), partition_sizes=SIZES
    )
    settings.nonmember_partitions = ["val"]
    ids = [record.id for record in settings.open(tmp_path).records()]
    assert ids == ["train/1", "train/2", "val/1"]
    assert visible(tmp_path) == ["streets"]


def test_two_at_once_and_one_later_download_once(tmp_path, serve, server):
    url = serve(archive(GOOD))

    def fetch():
        fetch_archive(url, None, tmp_path / "streets", SIZES)

    threads = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fetch()
    assert server.requests == 1
