"""A packed segment: `<first sequence, 20 digits>.segment.zst`, one zstd frame that holds a plain segment's file byte
for byte, with its size in front and a checksum behind. What `zstd FILE` makes is one; `zstd -d` gives the plain one.

Packing needs the package zstandard (`pip install 'pricetime[pack]'`), and so does whoever reads a packed log.
"""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, TypeVar

import numpy as np

from pricetime.matching.errors import CheckFailed, UserError

SUFFIX = ".zst"
PACKED_NAME = re.compile(r"\d{20}\.segment\.zst")
LEVEL = 3               # zstd's own choice; a higher one makes a log of orders hardly smaller
FRAME_HEADER_MAX = 18   # bytes
T = TypeVar("T")


def zstd(path: Path) -> ModuleType:
    """The package zstandard. UserError says what to install where it is missing."""
    try:
        import zstandard
    except ImportError:
        raise UserError(f"{path}: packed with zstd, and this Python has no zstandard; "
                        "pip install 'pricetime[pack]'") from None
    return zstandard


def is_packed(path: Path) -> bool:
    """Whether a segment's file is a packed one, by its name."""
    return path.name.endswith(SUFFIX)


def plain_name(name: str) -> str:
    """Of the segment that is packed under this name; a plain one's own."""
    return name.removesuffix(SUFFIX)


def read_head(path: Path, size: int) -> tuple[bytes, int]:
    """The first `size` bytes of the segment in a packed file (fewer where it has fewer), and how many it has in all."""
    def head(file: BinaryIO) -> tuple[bytes, int]:
        begin = file.read(FRAME_HEADER_MAX)
        whole = content_size(path, begin)
        file.seek(0)
        with zstd(path).ZstdDecompressor().stream_reader(file, read_size=1 << 16) as content:
            return content.read(size), whole

    return _unpacking(path, head)


def content_size(path: Path, begin: bytes) -> int:
    """How many bytes the frame says that it holds. CheckFailed where it does not say, or has no checksum."""
    frame = zstd(path).get_frame_parameters(begin)
    if frame.content_size in (zstd(path).CONTENTSIZE_UNKNOWN, zstd(path).CONTENTSIZE_ERROR) or not frame.has_checksum:
        raise CheckFailed(f"{path}: a zstd frame without size or checksum of its content, so it cannot be trusted; "
                          f"pack it again: pricetime pack, or zstd FILE")
    return int(frame.content_size)


def unpack(path: Path, size: int) -> np.ndarray:
    """The plain segment's `size` bytes, read-only, in memory. FileNotFoundError: it is gone by now."""
    def content(file: BinaryIO) -> bytes:
        frame = file.read()
        if content_size(path, frame[:FRAME_HEADER_MAX]) != size:    # before memory is taken for it
            raise FileNotFoundError(f"{path} is another segment by now")
        return bytes(zstd(path).ZstdDecompressor().decompress(frame, max_output_size=size, allow_extra_data=False))

    return np.frombuffer(_unpacking(path, content), np.uint8)


def _unpacking(path: Path, work: Callable[[BinaryIO], T]) -> T:
    """What `work` makes of the file; an error of zstd is one line."""
    with open(path, "rb") as file:
        try:
            return work(file)
        except zstd(path).ZstdError as error:
            raise CheckFailed(f"{path}: damaged: zstd cannot unpack it ({error}); restore it from another copy of the "
                              f"log: cp COPY/log/{path.name} {path.parent}/ (or the plain "
                              f"{plain_name(path.name)})") from error
        except MemoryError:
            raise UserError(f"{path}: no memory for the segment in it; unpack it on the disk: "
                            f"zstd -d {path}") from None


def write(path: Path, content: np.ndarray) -> None:
    """Pack a segment into a new file `path`, synced, and see that the disk gives the same bytes back."""
    packer = zstd(path).ZstdCompressor(level=LEVEL, write_checksum=True, write_content_size=True)
    frame = packer.compress(content.data)
    with open(path, "wb") as file:
        file.write(frame)
        file.flush()
        os.fsync(file.fileno())
        with suppress(OSError, AttributeError):     # macOS has no such advice
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)   # so that the disk is asked
    if not np.array_equal(unpack(path, len(content)), content):
        raise CheckFailed(f"{path}: what was packed does not unpack to the same bytes; the plain segment stays; check "
                          "the disk and the memory")
