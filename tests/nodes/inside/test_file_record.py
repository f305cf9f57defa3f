"""The record of a run in saved files: what is written where, and when a cached node is not run again."""

from __future__ import annotations

import json
from copy import deepcopy
from types import SimpleNamespace

import nodes as comfy_nodes
import pytest
from conftest import pack


@pytest.fixture
def files(monkeypatch):
    """The module, with nothing remembered."""
    module = pack("nodes.file_record")
    monkeypatch.setattr(module, "_memory", module._Memory())
    return module


def record(replay: str = "1 #0a1b2c3d", group: int = 2):
    """A run of two candidates."""
    records = pack("prism_core.record")
    kept = int(replay.split()[0])
    return records.RunRecord(
        version="1", head=records.HeadUsed("head.safetensors", "ab" * 32), model="WanModel", sampler="euler",
        sigmas=(1.0, 0.5, 0.0), candidates=2, seed=7, seeds=(7, 8), group=group, schedule="1:1", policy="top-k",
        kept=(kept,), replay=replay, watches=(records.Watched(1, 0.5, (0, 1), (0.0, 1.0), "forward"),),
        drops=(records.Drop(1 - kept, 1, 0.5, 0.0, "rank 2 of 2"),), seconds=1.0,
        evaluations=records.Evaluations(3.0, 0.0, 4.0, 1.0))


def reported() -> dict:
    """Loader 1, LoRA 2, PrismBestOfN 3, LoRA 4, sampler 5, report 6, decoder 7, save node 8."""
    return {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "a"}},
        "2": {"class_type": "LoraLoaderModelOnly", "inputs": {"model": ["1", 0], "lora_name": "l"}},
        "3": {"class_type": "PrismBestOfN", "inputs": {"model": ["2", 0], "candidates": 2, "prune_step": 1, "keep": 1,
                                                       "kept": "", "group": 0}},
        "4": {"class_type": "LoraLoaderModelOnly", "inputs": {"model": ["3", 0], "lora_name": "m"}},
        "5": {"class_type": "KSampler", "inputs": {"model": ["4", 0], "seed": 7}},
        "6": {"class_type": "PrismRunReport", "inputs": {"model": ["4", 0], "latent": ["5", 0]}},
        "7": {"class_type": "VAEDecode", "inputs": {"samples": ["6", 0]}},
        "8": {"class_type": "SaveImage", "inputs": {"images": ["7", 0], "filename_prefix": "x"}},
    }


def workflow(kind: str = "PrismBestOfN", node: int = 3) -> dict:
    values = {"PrismBestOfN": [2, 1, 1, "", "top-k", 0.0, 0, ""],
              "PrismKSampler": [7, "fixed", 20, 8.0, "euler", "simple", 1.0, 2, 1, 1, "", "top-k", 0.0, 0, ""]}
    return {"nodes": [{"id": node, "type": kind, "widgets_values": values[kind]}]}


def hidden(prompt: dict, node: str, info: dict | None):
    return SimpleNamespace(prompt=prompt, unique_id=node, extra_pnginfo=info)


def queued(prompt: dict, info: dict | None = None) -> dict:
    extra = {} if info is None else {"extra_data": {"extra_pnginfo": info}}
    return pack("nodes.file_record").at_queue({"prompt": prompt, **extra})


def test_the_record_and_the_choice_are_where_save_nodes_look(files):
    info = {"workflow": workflow()}
    files.add(hidden(reported(), "6", info), record())
    written = info["prism"]["runs"]["6"][0]
    assert info["prism"]["version"] == pack("prism_core").VERSION
    assert written["head"]["sha256"] == "ab" * 32 and written["kept"] == [1] and written["format"] == "prism-run/1"
    assert info["workflow"]["nodes"][0]["widgets_values"] == [2, 1, 1, "", "top-k", 0.0, 2, "1 #0a1b2c3d"]
    json.dumps(info)


def test_the_all_in_one_sampler_writes_its_own_widgets(files):
    prompt = {"3": {"class_type": "PrismKSampler", "inputs": {"kept": ""}}}
    before, info = workflow("PrismKSampler")["nodes"][0]["widgets_values"], {"workflow": workflow("PrismKSampler")}
    files.add(hidden(prompt, "3", info), record())
    assert info["workflow"]["nodes"][0]["widgets_values"][-2:] == [2, "1 #0a1b2c3d"]
    assert info["workflow"]["nodes"][0]["widgets_values"][:-2] == before[:-2]


def test_several_runs_that_differ_leave_the_widgets_alone(files):
    info = {"workflow": workflow()}
    for replay in ("1 #0a1b2c3d", "0 #99999999"):
        files.add(hidden(reported(), "6", info), record(replay))
    assert [run["kept"] for run in info["prism"]["runs"]["6"]] == [[1], [0]]
    assert info["workflow"] == workflow()


def test_a_widget_that_is_connected_is_left_alone(files):
    prompt = reported()
    prompt["3"]["inputs"]["kept"] = ["9", 0]
    info = {"workflow": workflow()}
    files.add(hidden(prompt, "6", info), record())
    assert info["workflow"]["nodes"][0]["widgets_values"][-2:] == [2, ""]


@pytest.mark.parametrize("info", [None, {}, {"workflow": None}, {"workflow": {"nodes": []}},
                                  {"workflow": {"nodes": [{"id": 3, "widgets_values": {"kept": ""}}]}},
                                  {"workflow": {"nodes": [{"id": 3, "widgets_values": [2]}]}}])
def test_prompts_of_programs_and_strange_workflows_are_no_trouble(files, info):
    files.add(hidden(reported(), "6", info), record())
    assert info is None or info["prism"]["runs"]["6"]


def test_without_a_queue_nothing_is_written(files):
    files.add(None, record())
    files.add(hidden(reported(), "expanded.6", {}), record())


def test_a_cached_run_is_in_the_next_file_too(files):
    files.add(hidden(queued(reported())["prompt"], "6", None), record())
    again = reported()
    again["8"]["inputs"]["filename_prefix"] = "y"    # only saving is done anew
    info = queued(again, {"workflow": workflow()})["extra_data"]["extra_pnginfo"]
    assert info["prism"]["runs"]["6"][0]["kept"] == [1]
    assert info["workflow"]["nodes"][0]["widgets_values"][-1] == "1 #0a1b2c3d"


def test_another_prompt_does_not_get_that_record(files):
    files.add(hidden(queued(reported())["prompt"], "6", None), record())
    other = reported()
    other["5"]["inputs"]["seed"] = 8
    info = queued(other, {"workflow": workflow()})["extra_data"]["extra_pnginfo"]
    assert "prism" not in info and info["workflow"] == workflow()


def test_a_node_that_runs_again_replaces_what_was_remembered(files):
    prompt = queued(reported())["prompt"]
    files.add(hidden(prompt, "6", None), record())
    info = deepcopy(queued(reported(), {"workflow": workflow()}))["extra_data"]["extra_pnginfo"]    # the queue copies
    assert info["prism"]["runs"]["6"][0]["kept"] == [1]
    files.add(hidden(prompt, "6", info), record("0 #99999999", group=1))
    assert [run["kept"] for run in info["prism"]["runs"]["6"]] == [[0]]
    assert info["workflow"]["nodes"][0]["widgets_values"][-2:] == [1, "0 #99999999"]


def test_memory_is_bounded(files):
    for seed in range(files.REMEMBERED + 20):
        prompt = reported()
        prompt["5"]["inputs"]["seed"] = seed
        files.add(hidden(prompt, "6", None), record())
    assert len(files._memory._records) == files.REMEMBERED


@pytest.mark.parametrize("data", [{}, {"prompt": None}, {"prompt": []}, {"prompt": {"1": "node"}}, {"prompt": {}},
                                  {"prompt": {"1": {}}}, {"prompt": {"1": {"class_type": "PrismRunReport"}}}])
def test_any_prompt_passes_the_queue(files, data):
    assert pack("nodes.file_record").at_queue(data) is data


def test_ordinary_prompts_are_left_alone(files):
    prompt = {"1": {"class_type": "KSampler", "inputs": {"seed": 1}}}
    assert queued(deepcopy(prompt)) == {"prompt": prompt}


@pytest.mark.parametrize("change, passes", [
    (lambda prompt: None, True),
    (lambda prompt: prompt["7"]["inputs"].update(samples=["5", 0]), False),
    (lambda prompt: prompt.pop("6"), False),
    (lambda prompt: prompt["6"]["inputs"].update(model=["3", 0]), True),
    (lambda prompt: prompt["5"].update(class_type="SamplerCustomAdvanced", inputs={"guider": ["g", 0]})
     or prompt.update(g={"class_type": "CFGGuider", "inputs": {"model": ["4", 0]}}), True),
    (lambda prompt: prompt.update({"9": {"class_type": "KSampler", "inputs": {"model": ["4", 0]}},
                                   "10": {"class_type": "VAEDecode", "inputs": {"samples": ["9", 0]}}}), False),
    (lambda prompt: prompt.update({"9": {"class_type": "KSampler", "inputs": {"model": ["3", 0],
                                                                               "latent_image": ["6", 0]}},
                                   "10": {"class_type": "VAEDecode", "inputs": {"samples": ["9", 0]}}}), True),
])
def test_whether_survivors_pass_through_the_report(files, monkeypatch, change, passes):
    for name, output in (("CFGGuider", "GUIDER"), ("SamplerCustomAdvanced", "LATENT")):
        monkeypatch.setitem(comfy_nodes.NODE_CLASS_MAPPINGS, name, SimpleNamespace(RETURN_TYPES=(output,)))
    prompt = reported()
    change(prompt)
    assert pack("nodes.graph").survivors_are_reported(prompt, "3") is passes
    # ComfyUI caches by inputs, so the answer has to be among them.
    marked = queued(prompt)["prompt"]["3"]["inputs"]
    assert marked.get("survivors_are_reported", False) is passes


def test_places_of_the_widgets(files):
    places = files.widget_places("PrismBestOfN")
    assert list(places) == ["candidates", "prune_step", "keep", "schedule", "policy", "budget", "group", "kept",
                            "choose", "timeout", "on_timeout"]
    assert list(places.values()) == list(range(11))
    places = files.widget_places("PrismKSampler")
    assert [places[name] for name in ("seed", "steps", "denoise", "candidates", "kept")] == [0, 2, 6, 7, 14]


def test_the_server_is_asked_to_tell_of_prompts(files, monkeypatch):
    heard = []
    server = SimpleNamespace(PromptServer=SimpleNamespace(instance=SimpleNamespace(add_on_prompt_handler=heard.append)))
    monkeypatch.setitem(files.sys.modules, "server", server)
    files.register()
    assert heard == [files.at_queue]
