"""The Shapes world: grammar, renderer and oracle."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch

from prism_core.shapes import oracle, prompts, world

SAMPLE = prompts.all_prompts()[::97]


def test_grammar_is_large_and_every_prompt_reads_back():
    every = prompts.all_prompts()
    assert len(set(every)) == len(every) >= 2000
    assert all(prompts.parse(str(prompt)) == prompt for prompt in every)


def test_splits_are_disjoint_and_use_the_whole_grammar():
    splits = prompts.splits()
    assert sum(map(len, splits.values())) == len(prompts.all_prompts())
    for first, second in itertools.combinations(splits.values(), 2):
        assert not set(first) & set(second)
    assert len(splits["test"]) == 400


def test_partial_prompts_leave_the_rest_open():
    assert prompts.parse("a red circle moving right") == prompts.Prompt(colour="red", shape="circle", direction="right")
    assert prompts.parse("") == prompts.Prompt()
    assert str(prompts.Prompt()) == ""


@pytest.mark.parametrize("text, told", [
    ("a crimson circle", "crimson"), ("a red circle moving right from the centre", "centre"),
    ("a red blue circle", "colour"), ("a circle moving up from the top", "left, middle or right")])
def test_prompts_outside_the_grammar_are_refused_with_the_remedy(text, told):
    with pytest.raises(ValueError, match=told):
        prompts.parse(text)


def test_an_unknown_word_is_answered_with_the_whole_vocabulary():
    with pytest.raises(ValueError) as caught:
        prompts.encode("a pink dog")
    assert all(word in str(caught.value) for words in prompts.VOCABULARY.values() for word in words)


def test_conditioning_is_one_vector_a_word_and_zeros_elsewhere():
    full, empty = prompts.encode(str(SAMPLE[0])), prompts.encode("")
    assert full.shape == empty.shape == (1, 8, 64)
    assert (full.abs().sum(-1) > 0).tolist() == [[True] * 6 + [False] * 2]
    assert not empty.any()
    left_start, left_direction = prompts.encode("a circle from the left"), prompts.encode("a circle moving left")
    assert not torch.equal(left_start, left_direction)


def test_word_vectors_are_those_of_the_committed_table():
    assert torch.allclose(prompts.make_table(0), prompts._table(), atol=1e-5)


def test_rendered_clips_satisfy_the_oracle_and_repeat_exactly():
    for seed, prompt in enumerate(SAMPLE):
        clip = world.clip(prompt, seed)
        assert clip.shape == (9, 64, 64, 3) and 0 <= clip.min() and clip.max() <= 1
        assert torch.equal(clip, world.clip(prompt, seed))
        assert oracle.judge(clip[None], prompt).overall.item() > 0.9


CHANGES = [("colour", "colour", {"red": "blue"}), ("shape", "shape", {"cross": "circle"}), ("size", "shape", {"large": "small"}),
           ("direction", "motion", {"right": "left"}), ("speed", "motion", {"quickly": "slowly"}), ("start", "start", {"top": "bottom"})]


@pytest.mark.parametrize("attribute, part, change", CHANGES)
def test_each_wrong_attribute_lowers_its_own_part(attribute, part, change):
    asked = prompts.parse("a large red cross moving right quickly from the top")
    shown = dataclasses.replace(asked, **{attribute: next(iter(change.values()))})
    right, wrong = (oracle.judge(world.clip(prompt, 5)[None], asked) for prompt in (asked, shown))
    assert getattr(wrong, part).item() < getattr(right, part).item() - 0.2
    assert wrong.overall.item() < right.overall.item() - 0.05
    others = {"colour", "shape", "motion", "steady", "start"} - {part}
    assert all(abs(getattr(wrong, name) - getattr(right, name)).item() < 0.1 for name in others)


def test_unsteady_motion_and_an_empty_picture_are_seen():
    prompt = prompts.parse("a large red circle moving right slowly from the middle")
    clip = world.clip(prompt, 1)
    shaky = torch.stack([frame.roll(5 * (-1) ** i, 0) for i, frame in enumerate(clip)])
    empty = torch.tensor(world.BACKGROUND).expand_as(clip)
    assert oracle.judge(shaky[None], prompt).steady.item() < 0.2
    assert oracle.judge(empty[None], prompt).overall.item() < 0.2


def test_attributes_not_named_are_not_judged():
    clip = world.clip(prompts.parse("a large red circle moving right slowly from the middle"), 1)[None]
    assert oracle.judge(clip, "a circle moving right").overall.item() > 0.9
    assert oracle.judge(clip, "").overall.item() > 0.9
    assert oracle.judge(clip, "a circle moving left").overall.item() < 0.5


def test_a_clip_is_judged_alone():
    clips = torch.stack([world.clip(prompt, 3) for prompt in SAMPLE[:4]])
    together = oracle.judge(clips, SAMPLE[0]).overall
    alone = torch.cat([oracle.judge(clip[None], SAMPLE[0]).overall for clip in clips])
    assert torch.allclose(together, alone, atol=1e-6)


def test_wrong_clip_shapes_are_refused():
    with pytest.raises(ValueError, match="B, T, H, W, 3"):
        oracle.judge(torch.zeros(9, 64, 64, 3), "a circle")
