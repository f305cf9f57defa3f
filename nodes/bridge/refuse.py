"""What a live run cannot keep exact or cannot take apart: refused or warned about before the first model call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from ...prism_core.said import say
from .eyes import Eyes
from .rows import check_control, choose_cond
from .widen import masks_differ

# transformer_options key -> the node that put it there; they keep whole batches from step to step
CACHES = {"easycache": "EasyCache", "rel_l1_thresh": "TeaCache", "magcache_thresh": "MagCache"}
# file of a guidance function -> why it mixes candidates
MIXES = {
    "nodes_mahiro.py": "Mahiro CFG weighs all candidates by one average over the batch",
    "nodes_perpneg.py": "Perp-Neg weighs all candidates by one sum over the batch",
    "nodes_sag.py": "Self-Attention Guidance keeps attention maps of a whole batch",
}
PER_ROW = ("nodes_apg.py", "nodes_cfg.py", "nodes_eps.py", "nodes_fresca.py", "nodes_latent.py", "nodes_lt.py",
           "nodes_lumina2.py", "nodes_model_advanced.py", "nodes_model_patch.py", "nodes_pag.py", "nodes_slg.py",
           "nodes_tcfg.py", "nodes_video_model.py", "sampling.py", "nodes_advanced_samplers.py")
FRAMES_AS_ROWS = ("SVD_img2vid", "SV3D_u", "SV3D_p")    # model classes whose batch is the frames of one clip
ANIMATEDIFF = "ADE_params"    # what AnimateDiff-Evolved attaches to a model, with the same meaning of a batch


def _refuse(what: str, remedy: str) -> None:
    raise ValueError(f"PrismBestOfN cannot prune this sampler call: {what}. {remedy}")


def check_sampler(sampler: Any, sigmas: Tensor, one_by_one: bool = False) -> None:
    """Refuse samplers whose steps depend on the whole batch, and schedules that do not descend.

    one_by_one: the guider is given one row at a time, so that samplers must not look into its predictions.
    """
    name = sampler_name(sampler)
    if one_by_one and name.endswith("_cfg_pp"):
        _refuse(f"{name} reads the unguided prediction of the whole batch, but with a Perp-Neg guider candidates go "
                "one at a time", f"Use {name.removesuffix('_cfg_pp')}, or a CFG guider.")
    if name == "dpm_adaptive":
        _refuse("dpm_adaptive chooses its steps by an error over the whole batch, so survivors would change",
                "Use another sampler; all others are exact.")
    values = sigmas.tolist()
    if any(later > earlier for earlier, later in zip(values, values[1:])):
        shown = ", ".join(f"{value:.3g}" for value in values[:8])
        _refuse(f"its sigmas rise ({shown}, ...), so it adds noise instead of taking it away",
                "Put PrismBestOfN on the model of the sampler that makes the clips.")


def sampler_name(sampler: Any) -> str:
    """The name artists know a sampler by."""
    function = getattr(sampler, "sampler_function", sampler)
    function = getattr(function, "func", function)
    name = getattr(function, "__name__", type(function).__name__)
    name = name.removeprefix("sample_").removesuffix("_function")
    return name.replace("unipc", "uni_pc")


def check_model(model: Any, options: dict, has_head: bool) -> list[str]:
    """Refuse models and patches that hold on to whole batches; warnings about what cannot be known."""
    kind = "AnimateDiff" if model.get_attachment(ANIMATEDIFF) is not None else type(model.model).__name__
    if kind in (*FRAMES_AS_ROWS, "AnimateDiff"):
        _refuse(f"the rows of a {kind} batch are the frames of one clip, not candidates",
                "Give this sampler the model from before PrismBestOfN.")
    if has_head and model.get_additional_models_with_key("multigpu"):
        _refuse("its model is spread over several GPUs, where the head cannot follow",
                "Connect the model from before the multi-GPU node, or choose without a head.")
    warnings = _check_caches(options.get("transformer_options", {}))
    if has_head and model.patches:
        warnings.append(say("lora", "The model carries a LoRA or other weight patches; the head's reliability was "
                            "measured without them."))
    for function in _guidance(options):
        warnings += _check_guidance(function)
    return warnings


def counts_on_one_row(model: Any) -> bool:
    """Whether a patch replaces whole cross attentions, as NAG does: such patches tell prompts apart by their place in
    a batch, and take a second candidate for a negative prompt.
    """
    return any(name.endswith(".cross_attn.forward") for name in model.object_patches)


def _check_caches(transformer: dict) -> list[str]:
    for key, name in CACHES.items():
        if key not in transformer:
            continue
        if getattr(transformer[key], "name", name) == "LazyCache":
            return [say("lazyCache", "LazyCache decides by an average over all candidates, so survivors may differ a "
                        "little from the run without pruning.")]
        _refuse(f"{name} keeps results of the whole batch from step to step, which no longer fit once candidates "
                "are dropped", f"Remove {name}, or use it in a sampler after this one.")
    return []


def _guidance(options: dict) -> Iterable[Callable]:
    yield from options.get("sampler_pre_cfg_function", [])
    yield from options.get("sampler_post_cfg_function", [])
    for key in ("sampler_cfg_function", "sampler_calc_cond_batch_function"):
        if key in options:
            yield options[key]


def _check_guidance(function: Callable) -> list[str]:
    code = getattr(function, "__code__", None)
    file = code.co_filename.replace("\\", "/").rsplit("/", 1)[-1] if code else ""
    if file in MIXES:
        _refuse(f"{MIXES[file]}, so what a candidate becomes depends on the others",
                "Remove that node, or sample one row at a time.")
    if file == "nodes_slg.py" and _captured(function, "rescaling_scale"):
        _refuse("Skip Layer Guidance with a rescaling_scale measures the whole batch at once, so what a candidate "
                "becomes depends on the others", "Set its rescaling_scale to 0.")
    if file in PER_ROW:
        return []
    where = f" of {file}" if file else ""
    return [say("guidance", "The guidance function{where} is unknown to PRISM: if it measures the whole batch at once, "
                "survivors differ from the run without pruning.", where=where, file=file)]


def _captured(function: Callable, name: str) -> Any:
    return inspect.getclosurevars(function).nonlocals.get(name)


def check_conds(conds: dict[str, list[dict]], mask: Tensor | None, sliced_after: bool) -> None:
    """Refuse ControlNets with a picture for each row, and masks that would no longer fit the survivors."""
    for name, entries in conds.items():
        for cond in entries:
            check_control(cond.get("control"), f"{name} conditioning of PrismBestOfN's sampler call")
    if not sliced_after and masks_differ(mask):
        _refuse("the noise mask differs from row to row, and the latent that comes out would keep the masks of all "
                "candidates", "Use one mask for all, or connect PrismRunReport behind the sampler: it slices them.")


def check_prompt(eyes: Eyes, conds: dict[str, list[dict]], sampling: Any, sigmas: Iterable[float]) -> None:
    """Refuse prompts by which no score can be had at the sigmas of the decisions."""
    positive = [cond for cond in conds.get("positive", []) if cond.get("uuid") in eyes.positive]
    if not positive:
        _refuse("its guider has no positive conditioning to score by", "Use a guider with a positive prompt.")
    ranged = [_ranged(cond, sampling) for cond in positive]
    for sigma in sigmas:
        try:
            choose_cond(ranged, sigma)
        except ValueError as error:
            raise ValueError(f"PrismBestOfN cannot score in this sampler call. {error}") from error


def _ranged(cond: dict, sampling: Any) -> dict:
    """The sigmas between which a prompt acts, as ComfyUI computes them when it starts."""
    begin = max(cond.get("clip_start_percent", 0.0), cond.get("start_percent", 0.0))
    end = min(cond.get("clip_end_percent", 1.0), cond.get("end_percent", 1.0))
    bounds = {}
    if begin > 0.0:
        bounds["timestep_start"] = sampling.percent_to_sigma(begin)
    if end < 1.0:
        bounds["timestep_end"] = sampling.percent_to_sigma(end)
    return {**{key: value for key, value in cond.items() if key in ("area", "default", "uuid")}, **bounds}
