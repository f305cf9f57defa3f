"""What the recorder makes of frames: looping WebP of the right lengths within a size; the pointer and the stills."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from PIL import Image

from recorder.film import Film, FilmTooLarge
from recorder.pointer import with_pointer

SIZE = (60, 40)
COLOURS = ("red", "green", "blue")


def plain(colour: str, size: tuple[int, int] = SIZE) -> Image.Image:
    return Image.new("RGB", size, colour)


def noise(seed: int) -> Image.Image:
    """A picture that takes many bytes, the same for each seed."""
    return Image.frombytes("L", (200, 200), Random(seed).randbytes(200 * 200)).convert("RGB")


def test_a_film_keeps_its_frames_and_their_lengths_and_loops_for_ever(tmp_path: Path) -> None:
    film, file = Film(), tmp_path / "new" / "film.webp"
    for number, colour in enumerate(COLOURS):
        film.add(plain(colour), 100 + number)
    assert film.save(file, 10_000) == file
    with Image.open(file) as kept:
        assert (kept.format, kept.size, kept.n_frames, kept.info["loop"]) == ("WEBP", SIZE, 3, 0)
        for number, colour in enumerate(COLOURS):
            kept.seek(number)
            kept.load()
            assert kept.info["duration"] == 100 + number
            assert kept.convert("RGB").getpixel((5, 5)) == pytest.approx(plain(colour).getpixel((0, 0)), abs=6)
    assert film.length == 303


def test_what_stands_still_is_one_longer_frame() -> None:
    film = Film()
    for colour in ("red", "red", "green", "green", "green", "red"):
        film.add(plain(colour), 50)
    assert film.lengths == [100, 150, 50]


def test_frames_of_two_sizes_are_refused() -> None:
    film = Film()
    film.add(plain("red"), 50)
    with pytest.raises(ValueError, match="cannot follow"):
        film.add(plain("red", (61, 40)), 50)


def test_a_film_in_which_nothing_moves_is_refused(tmp_path: Path) -> None:
    film = Film()
    film.add(plain("red"), 50)
    film.add(plain("red"), 50)
    with pytest.raises(ValueError, match="nothing moves"):
        film.save(tmp_path / "film.webp", 10_000)


def test_a_film_is_made_coarser_until_it_fits_and_refused_where_it_cannot(tmp_path: Path) -> None:
    film, file = Film(), tmp_path / "film.webp"
    for seed in range(3):
        film.add(noise(seed), 100)
    fine = film.save(file, 10_000_000).stat().st_size
    assert film.save(file, fine - 1).stat().st_size < fine
    file.unlink()
    with pytest.raises(FilmTooLarge, match="1,000 are allowed"):
        film.save(file, 1_000)
    assert not file.exists(), "a film that was refused was written"


@pytest.mark.parametrize("place", [(30, 20), (0, 0), (59, 39), (-100, 20), (30, 500)])
def test_the_pointer_is_drawn_where_it_is_and_never_beyond_the_frame(place: tuple[float, float]) -> None:
    for pressed in (False, True):
        before = plain("gray", (120, 80))
        drawn = with_pointer(before, place, 2, pressed)
        assert drawn.size == before.size
        inside = 0 <= place[0] < 60 and 0 <= place[1] < 40
        changed = drawn.tobytes() != before.tobytes()
        assert changed == inside, "the pointer is only seen where it points into the frame"
    assert before.tobytes() == plain("gray", (120, 80)).tobytes(), "the frame itself was drawn on"
