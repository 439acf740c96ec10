"""Claims about files of images: what is whole is read to the byte, what is not is one sentence; and made digits."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from particles.base.errors import InputError
from particles.networks.images import Images, read_images
from particles.networks.made_digits import made_digits
from tests.idx_files import idx, write

FEW = made_digits(12)
PIXELS, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("part", ["train", "test"])
def test_what_was_written_is_read(tmp_path: Path, part: str, compressed: bool) -> None:
    write(tmp_path, part, FEW, compressed=compressed)
    found = read_images(tmp_path, part)
    assert (found.pixels == FEW.pixels).all()
    assert (found.labels == FEW.labels).all()
    assert found.digest() == FEW.digest() != FEW.part(0, 11).digest()


def spoilt(name: str, change: Callable[[bytes], bytes], compressed: bool = False) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        write(folder, "train", FEW, compressed=compressed)
        path = folder / f"{name}{'.gz' * compressed}"
        path.write_bytes(change(path.read_bytes()))

    return spoil


def without(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        write(folder, "train", FEW)
        (folder / name).unlink()

    return spoil


def folder_for_file(folder: Path) -> None:
    without(PIXELS)(folder)
    (folder / PIXELS).mkdir()


def head(*sizes: int, axes: int = 3, kind: int = 8) -> bytes:
    return bytes((0, 0, kind, axes)) + b"".join(size.to_bytes(4, "big") for size in sizes)


BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "no folder": (lambda folder: folder.rmdir(), "is no folder: allowed is one with MNIST's four files"),
    "no images": (without(PIXELS), "holds neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz"),
    "no labels": (without(LABELS), "holds neither train-labels-idx1-ubyte nor"),
    "a folder": (folder_for_file, "Is a directory"),
    "empty": (spoilt(PIXELS, lambda b: b""), "begins with nothing: allowed is 00000803, bytes in 3 axes"),
    "wrong magic": (spoilt(PIXELS, lambda b: b"PNG\x03" + b[4:]), "begins with 504e4703"),
    "of floats": (spoilt(PIXELS, lambda b: head(12, 28, 28, kind=13) + b[16:]), "begins with 00000d03"),
    "labels for images": (spoilt(PIXELS, lambda b: idx(FEW.labels)), "begins with 00000801"),
    "images for labels": (spoilt(LABELS, lambda b: idx(FEW.pixels)), "begins with 00000803: allowed is 00000801"),
    "cut in the header": (spoilt(PIXELS, lambda b: b[:9]), "it ends within its header"),
    "one byte short": (spoilt(PIXELS, lambda b: b[:-1]), "has 9423 bytes where its header says 9424"),
    "one byte more": (spoilt(PIXELS, lambda b: b + b"x"), "has 9425 bytes where its header says 9424"),
    "none": (spoilt(PIXELS, lambda b: head(0, 28, 28)), "holds 0 x 28 x 28 bytes: allowed is one image at least"),
    "of another size": (spoilt(PIXELS, lambda b: head(12, 28, 27) + b[16:]), "holds 12 x 28 x 27 bytes"),
    "promises 3 TB": (
        spoilt(PIXELS, lambda b: head(2**32 - 1, 28, 28) + b[16:]),
        "where its header says 3367254359296",
    ),
    "promises 3 TB inside": (
        spoilt(PIXELS, lambda b: gzip.compress(head(2**32 - 1, 28, 28) + bytes(99)), compressed=True),
        "4294967295 images, needs",
    ),
    "cut gz": (spoilt(PIXELS, lambda b: b[:-300], compressed=True), "Compressed file ended before"),
    "gz without its sum": (spoilt(LABELS, lambda b: b[:-8], compressed=True), "Compressed file ended before"),
    "gz of another sum": (spoilt(PIXELS, lambda b: b[:-8] + bytes(8), compressed=True), "CRC check failed"),
    "no gz": (spoilt(PIXELS, lambda b: b"IDX" + b[3:], compressed=True), "Not a gzipped file"),
    "gz of less": (
        spoilt(PIXELS, lambda b: gzip.compress(idx(FEW.pixels)[:-5]), compressed=True),
        "it ends after 9403 of 9408 bytes",
    ),
    "gz of more": (
        spoilt(PIXELS, lambda b: gzip.compress(idx(FEW.pixels) + b"x"), compressed=True),
        "it goes on after its 9408 bytes",
    ),
    "label 10": (spoilt(LABELS, lambda b: b[:-2] + b"\x0a\x00"), "holds label 10 at image 10: allowed are 0 to 9"),
    "fewer labels": (
        spoilt(LABELS, lambda b: idx(FEW.labels[:-1])),
        "holds 12 images, train-labels-idx1-ubyte 11 labels",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_sentence(tmp_path: Path, name: str) -> None:
    spoil, told = BAD[name]
    folder = tmp_path / "data"
    folder.mkdir()
    spoil(folder)
    with pytest.raises(InputError) as caught:
        read_images(folder, "train")
    assert told in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_memory_grows_with_what_is_there_and_not_with_what_is_promised(tmp_path: Path) -> None:
    """A compressed file of 100 bytes that promises 780 MB."""
    write(tmp_path, "train", FEW, compressed=True)
    path = tmp_path / f"{PIXELS}.gz"
    path.write_bytes(gzip.compress(head(10**6, 28, 28) + bytes(10**5)))
    tracemalloc.start()
    with pytest.raises(InputError, match="it ends after 100000 of 784000000 bytes"):
        read_images(tmp_path, "train")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**23


@pytest.mark.parametrize(
    ("pixels", "labels", "told"),
    [
        (FEW.pixels.astype(float), FEW.labels, "type float64"),
        (FEW.pixels[:0], FEW.labels[:0], "one image at least"),
        (FEW.pixels[0], FEW.labels, r"shape \(28, 28\)"),
        (FEW.pixels, FEW.labels[1:], "one for each of 12"),
        (FEW.pixels, FEW.labels - 1, "one for each of 12"),
    ],
)
def test_what_is_no_set_of_images_is_refused(pixels: np.ndarray, labels: np.ndarray, told: str) -> None:
    with pytest.raises(InputError, match=told):
        Images(pixels, labels)


def test_made_digits_are_addressed_and_differ() -> None:
    """The first of many are those of few; every image is another; ten glyphs differ in ten places at least."""
    assert (made_digits(30).pixels[:12] == FEW.pixels).all()
    assert made_digits(12, seed=1).digest() != made_digits(12, replicate=1).digest() != FEW.digest()
    assert len({image.tobytes() for image in made_digits(100).pixels}) == 100
    ink = (made_digits(400).pixels > 90).sum(axis=(1, 2)).reshape(-1, 10)
    assert (ink == ink[0]).all()
    assert (ink[0] % 9 == 0).all()
