"""Claims about the picture of wrong images: any reader of PNG files sees what was drawn."""

from __future__ import annotations

from io import BytesIO

import matplotlib.image
import numpy as np

from particles.networks.evaluate import Evaluation
from particles.networks.images import SIDE
from particles.networks.made_digits import made_digits
from particles.networks.picture import grey_png, wrong_images

DIGITS = made_digits(130)


def read(content: bytes) -> np.ndarray:
    return np.rint(255.0 * matplotlib.image.imread(BytesIO(content), format="png")).astype(np.uint8)


def test_grey_levels_are_read_back() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7), dtype=np.uint8)
    assert (read(grey_png(pixels)) == pixels).all()


def test_wrong_images_come_by_their_loss_and_no_right_one_does() -> None:
    classes = DIGITS.labels.copy()
    losses = np.zeros(130)
    classes[[3, 8, 127]] = 7, 7, 1
    losses[[3, 8, 127, 5]] = 1.0, 3.0, 2.0, 9.0
    found = read(wrong_images(DIGITS, Evaluation(losses, classes, DIGITS.labels)))
    cell = found.shape[1] // 3
    assert found.shape[0] < 2 * cell
    for number, image in enumerate((8, 127, 3)):
        left = number * cell + 2
        assert (found[2 : 2 + SIDE, left : left + SIDE] == 255 - DIGITS.pixels[image]).all()
    one, other = (found[2 + SIDE :, left : left + SIDE] for left in (2, 2 * cell + 2))
    assert (one[:, SIDE // 2 :] == other[:, SIDE // 2 :]).all()  # both were taken for a 7
    assert (one[:, : SIDE // 2] != other[:, : SIDE // 2]).any()


def test_many_fill_rows_of_ten_and_none_is_a_blank_cell() -> None:
    nothing = Evaluation(np.zeros(130), DIGITS.labels, DIGITS.labels)
    blank = read(wrong_images(DIGITS, nothing))
    assert (blank == 255).all()
    all_wrong = Evaluation(np.arange(130.0), (DIGITS.labels + 1) % 10, DIGITS.labels)
    assert read(wrong_images(DIGITS, all_wrong)).shape == (10 * blank.shape[0], 10 * blank.shape[1])
