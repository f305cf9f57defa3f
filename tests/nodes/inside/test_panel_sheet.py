"""The sheet of previews: colours of the formats, sizes, loops of dropped rows, and what it may cost."""

from __future__ import annotations

import io
import threading
from types import SimpleNamespace

import comfy.latent_formats as formats
import comfy.nested_tensor
import latent_preview
import pytest
import torch
from comfy.taesd.taesd import TAESD
from conftest import pack, random_weights
from PIL import Image

frames, sheets, boards, messages = (pack(f"nodes.panel.{name}") for name in ("frames", "sheet", "board", "messages"))
RUN = "a" * 32


def coloured(latent_format, colour: tuple[float, float, float], shape: tuple[int, ...]) -> torch.Tensor:
    """Latents (*shape) without their channels that the format's factors turn into this colour, of 0 to 1."""
    factors = torch.tensor(latent_format.latent_rgb_factors)
    bias = torch.tensor(latent_format.latent_rgb_factors_bias or [0.0] * 3)
    latent = torch.linalg.pinv(factors.T) @ (torch.tensor(colour) * 2 - 1 - bias)
    return latent.view(1, -1, *[1] * (len(shape) - 1)).expand(shape[0], len(latent), *shape[1:]).clone()


def opened(picture) -> torch.Tensor:
    """(rows, frames, height, width, 3) of a sheet's file."""
    image = Image.open(io.BytesIO(picture.image))
    said = picture.sheet
    assert image.size == (said.frames * said.width, len(said.rows) * said.height)
    pixels = torch.frombuffer(bytearray(image.convert("RGB").tobytes()), dtype=torch.uint8)
    pixels = pixels.view(len(said.rows), said.height, said.frames, said.width, 3)
    return pixels.permute(0, 2, 1, 3, 4).float() / 255


def test_a_clip_is_shown_in_its_own_colours_and_keeps_its_motion():
    form, colours = formats.Wan21(), [(0.8, 0.3, 0.3), (0.3, 0.7, 0.3), (0.3, 0.3, 0.8)]
    x0 = torch.cat([coloured(form, colour, (1, 5, 15, 26)) for colour in colours])
    grey = coloured(form, (0.5, 0.5, 0.5), (1, 1, 15, 26))[0, :, 0]
    x0[1, :, 3] = grey
    shown = opened(sheets.sheet(x0, form, [2, 5, 7], step=4))
    assert shown.shape[:2] == (3, 5)
    for row, colour in enumerate(colours):
        expected = torch.tensor([(0.5, 0.5, 0.5) if (row, frame) == (1, 3) else colour for frame in range(5)])
        # to the very edge of each frame: no frame takes anything over from its neighbours
        assert (shown[row] - expected.view(5, 1, 1, 3)).abs().max() < 0.03


def test_the_description_is_of_this_file():
    picture = sheets.sheet(torch.randn(2, 16, 9, 60, 104), formats.Wan21(), [3, 9], step=7)
    said = picture.sheet
    assert (said.step, said.rows, said.frames) == (7, [3, 9], 9) and picture.note == "" and picture.mime == "image/jpeg"
    assert max(said.width, said.height) <= 128 and abs(said.width / said.height / (104 / 60) - 1) < 0.03


def test_a_picture_of_four_dimensions_is_a_loop_of_one_frame():
    form = formats.Flux()
    picture = sheets.sheet(coloured(form, (0.2, 0.6, 0.4), (4, 32, 32)), form, range(4))
    assert picture.sheet.frames == 1 and picture.note == ""
    assert (opened(picture) - torch.tensor([0.2, 0.6, 0.4])).abs().max() < 0.03


def test_a_format_that_unfolds_its_channels_is_unfolded():
    form = formats.Flux2()
    assert form.latent_rgb_factors_reshape is not None
    folded = coloured(form, (0.7, 0.5, 0.3), (2, 8, 8)).repeat_interleave(4, dim=1)    # 32 channels of 2 x 2 pixels
    picture = sheets.sheet(folded, form, [0, 1])
    assert folded.shape[1] == form.latent_channels and picture.note == ""
    assert (opened(picture) - torch.tensor([0.7, 0.5, 0.3])).abs().max() < 0.03


def test_a_format_without_factors_shows_shapes_and_says_that_colours_are_none():
    form = formats.LatentFormat()
    assert form.latent_rgb_factors is None
    x0 = torch.randn(3, 16, 4, 24, 24, generator=torch.Generator().manual_seed(0)) * 0.1
    direction = torch.randn(16, generator=torch.Generator().manual_seed(1)).view(16, 1, 1, 1)
    x0[0, :, :, :, :12] += direction
    x0[1, :, :, :, 12:] += direction
    picture = sheets.sheet(x0, form, range(3))
    shown = opened(picture).mean(dim=(1, -1))    # brightness (3, h, w)
    half = shown.shape[-1] // 2
    left, right = shown[..., : half - 8].mean(dim=(1, 2)), shown[..., half + 8:].mean(dim=(1, 2))
    # the same directions for all rows: what is bright in one is bright in the other
    assert (left[0] - right[0]).abs() > 0.2 and (left[0] - right[1]).abs() < 0.05 and (left[1] - right[0]).abs() < 0.05
    assert "directions" in picture.note


def test_directions_do_not_flip():
    generator = torch.Generator().manual_seed(2)
    x0 = torch.einsum("ck,rkthw->rcthw", torch.randn(16, 3, generator=generator),
                      torch.randn(2, 3, 2, 12, 12, generator=generator) * torch.tensor([4.0, 2.0, 1.0]).view(3, 1, 1, 1))
    expected = frames.frames(x0, formats.LatentFormat()).pixels().int()
    for _ in range(8):    # the same in another order of channels, of which the solver knows nothing
        mixed = x0[:, torch.randperm(16, generator=generator)]
        assert (frames.frames(mixed, formats.LatentFormat()).pixels().int() - expected).abs().max() <= 2


def test_factors_that_do_not_fit_the_channels_are_not_used():
    form = SimpleNamespace(latent_rgb_factors=[[0.1, 0.2, 0.3]] * 4, latent_rgb_factors_bias=None)
    assert "directions" in sheets.sheet(torch.randn(1, 6, 8, 8), form, [0]).note


@pytest.mark.parametrize("channels", [1, 2])
def test_few_channels_have_few_directions(channels):
    assert opened(sheets.sheet(torch.randn(2, channels, 8, 8), SimpleNamespace(), [0, 1])).std() > 0.05


def test_of_video_with_sound_the_video_is_shown():
    form = formats.Wan21()
    both = comfy.nested_tensor.NestedTensor([coloured(form, (0.4, 0.6, 0.5), (2, 3, 8, 8)), torch.randn(2, 8, 40)])
    assert (opened(sheets.sheet(both, form, [0, 1])) - torch.tensor([0.4, 0.6, 0.5])).abs().max() < 0.03


def test_sound_alone_is_refused():
    with pytest.raises(ValueError, match="neither pictures nor clips"):
        sheets.sheet(torch.randn(2, 64, 100), formats.StableAudio1(), [0, 1])


def test_values_that_are_not_finite_do_no_harm():
    x0 = torch.randn(2, 16, 3, 8, 8).half()
    x0[0, :, 1] = float("nan")
    x0[1, 0, 2] = float("inf")
    for form in (formats.Wan21(), formats.LatentFormat()):
        assert torch.isfinite(opened(sheets.sheet(x0, form, [0, 1]))).all()


def test_long_clips_are_picked_evenly_with_both_ends():
    assert frames.picked(5, 16) == [0, 1, 2, 3, 4]
    assert frames.picked(31, 16) == list(range(0, 31, 2)) and frames.picked(200, 16)[-1] == 199


@pytest.mark.parametrize("rows, count, height, width", [
    (1, 21, 90, 160), (8, 21, 160, 90), (32, 21, 90, 160), (128, 16, 64, 64), (4096, 16, 12, 12), (2, 1, 8, 900),
    (8, 3, 12, 12), (4, 1, 1024, 1024)])
def test_every_sheet_stays_small(rows, count, height, width):
    cell = sheets.fit(rows, count, height, width)
    assert 1 <= cell.frames <= min(16, count) and max(cell.height, cell.width) <= 128
    assert rows * cell.frames * cell.height * cell.width <= 4_000_000 and rows * cell.height < 65_500
    assert cell.height % 8 == cell.width % 8 == 0 and min(cell.height, cell.width) >= 8


@pytest.mark.parametrize("rows, count, height, width, longest, expected", [
    (8, 16, 60, 104, 64, (16, 32, 56)),         # smaller than usual
    (8, 16, 60, 104, 512, (16, 64, 112)),       # there is no more to be seen in it
    (4, 8, 480, 832, 256, (8, 144, 248)),       # decoded
    (2, 1, 12, 12, 512, (1, 96, 96)), (2, 1, 12, 12, 64, (1, 64, 64))])
def test_a_person_sets_the_longer_side(rows, count, height, width, longest, expected):
    assert sheets.fit(rows, count, height, width, longest) == expected


@pytest.mark.parametrize("rows", [8, 128, 4096])
def test_large_pictures_have_their_limit_too(rows):
    cell = sheets.fit(rows, 16, 720, 1280, 512)
    assert rows * cell.frames * cell.height * cell.width <= 16_000_000 and rows * cell.height < 65_500


def test_tiny_latents_are_enlarged_smoothly():
    assert sheets.fit(8, 3, 12, 12) == (3, 96, 96)
    x0 = coloured(formats.Wan21(), (0.2, 0.2, 0.2), (1, 1, 12, 12))
    x0[..., 6:] = coloured(formats.Wan21(), (0.8, 0.8, 0.8), (1, 1, 12, 6))
    line = opened(sheets.sheet(x0, formats.Wan21(), [0]))[0, 0, 48, :, 0]
    assert (line.diff() > 0.02).sum() >= 6 and line.diff().max() < 0.3    # no hard steps of one latent pixel


def test_only_small_pictures_leave_the_device():
    big = frames.frames(torch.rand(2, 3, 1024, 1024), formats.ChromaRadiance()).pixels()
    assert big.shape == (2, 1, 128, 128, 3) and big.dtype == torch.uint8


def test_pictures_are_decoded_where_the_user_has_the_decoder():
    taesd = TAESD(latent_channels=4)
    taesd.taesd_decoder.load_state_dict(random_weights(taesd.taesd_decoder, 0))
    with torch.inference_mode():
        for shape in ((2, 4, 8, 8), (2, 4, 3, 8, 8)):
            x0 = torch.randn(shape)
            shown = frames.frames(x0, formats.SDXL(), latent_preview.TAESDPreviewerImpl(taesd)).pixels()
            first = x0[1] if x0.ndim == 4 else x0[1, :, 0]
            expected = taesd.decode(first[None])[0].movedim(0, -1).add(1).div(2).clamp(0, 1)
            assert expected.std() > 0.05
            assert (shown[1, 0].float() / 255 - expected).abs().max() < 0.01


def test_clips_are_decoded_a_frame_at_a_time():
    sizes = []

    def decode(x):    # as ComfyUI's VAE of such a file: (1, C, 1, H, W) to (1, T, H, W, 3)
        sizes.append(tuple(x.shape))
        return x[:, :3].movedim(1, -1)
    x0 = torch.rand(2, 16, 11, 8, 8)
    previewer = latent_preview.TAEHVPreviewerImpl(SimpleNamespace(decode=decode))
    shown = frames.frames(x0, formats.Wan21(), previewer).pixels()
    assert set(sizes) == {(1, 16, 1, 8, 8)} and shown.shape == (2, 8, 8, 8, 3)
    assert (shown[1, 7].float() / 255 - x0[1, :3, 10].movedim(0, -1)).abs().max() < 0.01


def test_the_decoder_is_used_only_where_it_was_asked_for(monkeypatch):
    asked = []
    previewer = SimpleNamespace(taesd=object())
    monkeypatch.setattr(latent_preview, "get_previewer", lambda *given: asked.append(given) or previewer)
    args = SimpleNamespace(preview_method=frames.LatentPreviewMethod.Auto)
    monkeypatch.setattr(frames, "args", args)
    assert frames.chosen_previewer(torch.device("cpu"), formats.Wan21()) is None and not asked
    args.preview_method = frames.LatentPreviewMethod.TAESD
    assert frames.chosen_previewer(torch.device("cpu"), formats.Wan21()) is previewer
    monkeypatch.setattr(latent_preview, "get_previewer", lambda *given: SimpleNamespace())    # the file is missing
    assert frames.chosen_previewer(torch.device("cpu"), formats.Wan21()) is None


# While a run goes on

class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def board():
    found = boards.Board(lambda event, data: None, listening=lambda: found.watched)
    found.watched = True
    found.open(messages.View(run=RUN, node="3", candidates=[messages.Card(row=row) for row in range(4)]))
    return found


def made(board) -> int:
    view = board.get(RUN)
    return view.sheet.step if view.sheet else -1


def test_previews_appear_on_the_board(board):
    previews = sheets.Previews(RUN, board)
    assert previews.offer(2, [0, 1, 2, 3], torch.randn(4, 16, 3, 8, 8), formats.Wan21())
    previews.close()
    said = board.get(RUN).sheet
    image, mime = board.sheet(RUN, said.version)
    assert said.rows == [0, 1, 2, 3] and said.step == 2 and mime == "image/jpeg"
    assert Image.open(io.BytesIO(image)).size == (said.frames * said.width, 4 * said.height)


def test_dropped_candidates_keep_their_last_picture(board):
    previews, form = sheets.Previews(RUN, board), formats.Wan21()
    colours = [(0.8, 0.3, 0.3), (0.3, 0.7, 0.3), (0.3, 0.3, 0.8), (0.6, 0.6, 0.2)]
    x0 = torch.cat([coloured(form, colour, (1, 2, 8, 8)) for colour in colours])
    previews.offer(1, [0, 1, 2, 3], x0, form)
    previews.close()
    previews.offer(2, [1, 3], coloured(form, (0.5, 0.5, 0.5), (2, 2, 8, 8)), form, force=True)
    previews.close()
    said = board.get(RUN).sheet
    shown = opened(sheets.Picture(said, board.sheet(RUN, said.version)[0], "", "")).mean(dim=(1, 2, 3))
    expected = torch.tensor([colours[0], (0.5, 0.5, 0.5), colours[2], (0.5, 0.5, 0.5)])
    assert said.rows == [0, 1, 2, 3] and (shown - expected).abs().max() < 0.03


def test_nothing_is_made_while_nobody_looks_unless_a_question_needs_it(board):
    previews, x0 = sheets.Previews(RUN, board), torch.randn(4, 16, 3, 8, 8)
    board.watched = False
    assert not previews.offer(1, range(4), x0, formats.Wan21())
    assert previews.offer(2, range(4), x0, formats.Wan21(), force=True)
    previews.close()
    assert made(board) == 2


def test_previews_stay_within_their_share_of_the_time(board, monkeypatch):
    clock = Clock()
    previews, took = sheets.Previews(RUN, board, clock=clock, share=0.01), 0.05
    real = sheets.frames

    def slow(*given):
        clock.now += took
        return real(*given)
    monkeypatch.setattr(sheets, "frames", slow)
    offered = []
    for step in range(100):
        clock.now += 1.0    # a step of the model
        offered.append(previews.offer(step, range(4), torch.randn(4, 16, 1, 8, 8), formats.Wan21()))
        previews.close()
    assert offered[0], "the first one comes at once"
    assert offered[1:4] == [False] * 3 and sum(offered) * took <= 0.01 * clock.now + took
    assert sum(offered) >= 0.8 * 0.01 * clock.now / took    # and what it may spend, it spends


def test_a_person_sets_how_many_pictures_there_are_a_second(board):
    clock = Clock()
    wanted = messages.Previewing(size=64, rate=0.5)
    previews, offered = sheets.Previews(RUN, board, clock=clock, wanted=wanted), []
    for step in range(20):    # two a second, which cost nothing
        clock.now += 0.5
        offered.append(previews.offer(step, range(4), torch.randn(4, 16, 1, 60, 104), formats.Wan21()))
        previews.close()
    assert [step for step, made in enumerate(offered) if made] == [0, 4, 8, 12, 16]
    assert previews.offer(20, range(4), torch.randn(4, 16, 1, 60, 104), formats.Wan21(), force=True)
    previews.close()
    assert board.get(RUN).sheet.step == 20 and board.get(RUN).sheet.width == 56


def test_waiting_for_people_is_no_time_of_the_run(board, monkeypatch):
    clock = Clock()
    previews = sheets.Previews(RUN, board, clock=clock)
    real = sheets.frames

    def slow(*given):
        clock.now += 1.0
        return real(*given)
    monkeypatch.setattr(sheets, "frames", slow)
    x0 = torch.randn(4, 16, 1, 8, 8)
    previews.offer(0, range(4), x0, formats.Wan21())
    previews.close()
    clock.now += 3600
    monkeypatch.setattr(board, "waited", lambda run: 3590.0)
    assert not previews.offer(1, range(4), x0, formats.Wan21())
    monkeypatch.setattr(board, "waited", lambda run: 0.0)
    assert previews.offer(2, range(4), x0, formats.Wan21())
    previews.close()


def test_the_newest_is_shown_where_encoding_is_slower_than_sampling(board):
    previews, gate, shown = sheets.Previews(RUN, board), threading.Event(), []
    show = previews._show

    def held(step, rows, found):
        gate.wait(10)
        shown.append(step)
        show(step, rows, found)
    previews._show = held
    for step in range(5):
        previews.offer(step, range(4), torch.randn(4, 16, 1, 8, 8), formats.Wan21(), force=True)
    gate.set()
    previews.close()
    assert shown[-1] == 4 and len(shown) <= 2 and made(board) == 4


def test_a_failure_ends_the_previews_and_nothing_else(board):
    previews = sheets.Previews(RUN, board)
    assert not previews.offer(1, range(4), torch.randn(4, 64, 100), formats.StableAudio1())
    assert "neither pictures nor clips" in board.get(RUN).notes[0].text
    assert not previews.offer(2, range(4), torch.randn(4, 16, 1, 8, 8), formats.Wan21(), force=True)


def test_a_failure_of_the_encoder_is_noted_too(board):
    previews = sheets.Previews(RUN, board)
    previews.offer(1, range(3), torch.randn(4, 16, 1, 8, 8), formats.Wan21())    # more loops than rows
    previews.close()
    assert len(board.get(RUN).notes) == 1 and made(board) == -1


def test_a_decoder_that_fails_is_replaced_by_plain_colours(board, monkeypatch):
    def broken(x):
        raise RuntimeError("out of memory")
    previewer = latent_preview.TAESDPreviewerImpl(SimpleNamespace(decode=broken))
    monkeypatch.setattr(sheets, "chosen_previewer", lambda *given: previewer)
    previews = sheets.Previews(RUN, board)
    assert previews.offer(1, range(4), torch.randn(4, 16, 1, 8, 8), formats.Wan21())
    previews.close()
    assert made(board) == 1


def test_a_run_that_was_forgotten_is_no_error(board):
    previews = sheets.Previews("b" * 32, board)
    assert previews.offer(1, range(4), torch.randn(4, 16, 1, 8, 8), formats.Wan21())
    previews.close()
    assert board.get("b" * 32) is None
