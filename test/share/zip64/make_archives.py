"""Without this script nobody could check that what Python writes as zip64 is read here, and what is written here by Python.

Run: python test/share/zip64/make_archives.py    (Python 3.11's zipfile; writes seekable.zip, streamed.zip and ended.zip beside itself, and reads ours.zip,
which `UPDATE=1 node test/share/large_bundles.test.ts` writes)
"""

import io
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
SCRIPT = b'prompts "a"\n'
FILES = {"x.saeq": (SCRIPT, zipfile.ZIP_DEFLATED), "data/rows.csv": (b"id,text\n" + b"".join(b"%d,row %d\n" % (i, i * i) for i in range(400)), zipfile.ZIP_DEFLATED), "own/model.safetensors": (bytes(range(256)) * 20, zipfile.ZIP_STORED)}


class Pipe(io.RawIOBase):
    """A stream that cannot go back: sizes stand behind the data."""

    def __init__(self):
        self.bytes = b""

    def writable(self):
        return True

    def write(self, data):
        self.bytes += bytes(data)
        return len(data)


def archive(into):
    with zipfile.ZipFile(into, "w") as made:
        for name, (content, method) in FILES.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            info.external_attr = 0o100644 << 16
            with made.open(info, "w", force_zip64=True) as member:
                member.write(content)


def write(name, content):
    (HERE / name).write_bytes(content)


seekable = io.BytesIO()
archive(seekable)
write("seekable.zip", seekable.getvalue())

streamed = Pipe()
archive(streamed)
write("streamed.zip", streamed.bytes)

# All sizes, places and counts are too large for their fields from now on.
zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 1, 1
ended = io.BytesIO()
archive(ended)
write("ended.zip", ended.getvalue())

with zipfile.ZipFile(HERE / "ours.zip") as ours:
    assert ours.testzip() is None
    assert {info.filename: ours.read(info) for info in ours.infolist()} == {name: content for name, (content, _) in FILES.items()}
    assert all(info.extract_version == 45 and info.extra[:2] == b"\1\0" for info in ours.infolist())
    assert [info.filename for info in ours.infolist() if info.compress_type == zipfile.ZIP_STORED] == ["own/model.safetensors"]
    print("ours.zip is read, with", [(info.filename, info.file_size, info.header_offset) for info in ours.infolist()])
