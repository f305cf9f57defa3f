"""Writes models of random weights under the file names that ComfyUI's own video templates ask for.

    PYTHONPATH=<ComfyUI> python write_tiny_models.py FOLDER

ComfyUI tells a model's class and sizes from the file, so its stock loaders take these as they take the real ones, and
a clip costs next to nothing. What cannot be small are the text encoders, whose sizes ComfyUI knows by heart. So the
smallest that does stands in for each: CLIP-L, and for LTX, which needs a mask of the words, Qwen3 0.6B. They hold
nothing but words; the rest are zeros, and holes on the disk. HunyuanVideo wants a pair of encoders with a Llama of 8B:
for a template of its own the loader of the pair must give way to one for CLIP-L alone. Nor can HunyuanVideo's own VAE
be small; Wan's, which has the same latents, stands in for it.
"""

from __future__ import annotations

import json
import math
import os
import struct
import sys
from pathlib import Path

from comfy.cli_args import args

args.cpu = True  # before anything of ComfyUI looks for a graphics card

import comfy.ops  # noqa: E402
import torch  # noqa: E402
from comfy.ldm.hunyuan_video.model import HunyuanVideo  # noqa: E402
from comfy.ldm.lightricks.model import LTXVModel  # noqa: E402
from comfy.ldm.lightricks.vae.causal_video_autoencoder import VideoVAE  # noqa: E402
from comfy.ldm.wan.model import WanModel  # noqa: E402
from comfy.ldm.wan.vae import WanVAE  # noqa: E402
from comfy.sd1_clip import SDClipModel  # noqa: E402
from comfy.text_encoders.anima import Qwen3_06BModel  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

TEXT, MASKED_TEXT = 768, 1024  # widths of CLIP-L and of Qwen3 0.6B
WORDS = 20_000  # so many rows of a table of words are filled
WAN = {"text_dim": TEXT}
LTX = {"num_attention_heads": 2, "attention_head_dim": 32, "cross_attention_dim": 64,
       "caption_channels": MASKED_TEXT}
LTX_VAE = {"dims": 3, "latent_channels": 128, "norm_layer": "pixel_norm", "patch_size": 4, "latent_log_var": "uniform",
           "encoder_base_channels": 8, "decoder_base_channels": 8,
           "blocks": [["res_x", 1], ["compress_all", 1], ["res_x_y", 1], ["compress_all", 1], ["res_x_y", 1],
                      ["compress_all", 1], ["res_x", 1]]}
NEW = {"device": "cpu", "dtype": torch.float32, "operations": comfy.ops.disable_weight_init}
State = dict[str, torch.Tensor]


def wan() -> State:
    """One block of 128, the smallest width that ComfyUI takes for a Wan."""
    return random_weights(WanModel(dim=128, ffn_dim=64, num_heads=1, num_layers=1, text_dim=TEXT, **NEW))


def hunyuan() -> State:
    """One double and one single block of 128."""
    return random_weights(HunyuanVideo(
        in_channels=16, out_channels=16, vec_in_dim=TEXT, context_in_dim=TEXT, hidden_size=128, mlp_ratio=4.0,
        num_heads=1, depth=1, depth_single_blocks=1, axes_dim=[16, 56, 56], theta=256, patch_size=[1, 2, 2],
        qkv_bias=True, guidance_embed=True, byt5=False, meanflow=False, use_cond_type_embedding=False,
        vision_in_dim=None, meanflow_sum=False, **NEW))


def ltx() -> State:
    """A whole checkpoint: the model of one block, and its VAE."""
    model = random_weights(LTXVModel(num_layers=1, **LTX, **NEW))
    vae = random_weights(VideoVAE(config=LTX_VAE))
    return ({f"model.diffusion_model.{name}": value for name, value in model.items()}
            | {f"vae.{name}": value for name, value in vae.items()})


def wan_vae() -> State:
    """Wan 2.1's, of width 8."""
    return random_weights(WanVAE(dim=8, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=2, attn_scales=[],
                                 temperal_downsample=[False, True, True]))


def random_weights(module: torch.nn.Module) -> State:
    """A module's state with weights of a size that keeps signals alive; norms pass everything through."""
    generator = torch.Generator().manual_seed(0)

    def fill(name: str, old: torch.Tensor) -> torch.Tensor:
        if "norm" in name or name.endswith("gamma") or "std-of-means" in name:
            return torch.zeros(old.shape) if name.endswith("bias") else torch.ones(old.shape)
        inputs = math.prod(old.shape[1:]) if old.ndim > 1 else 2500
        return torch.randn(old.shape, generator=generator) / math.sqrt(inputs)
    return {name: fill(name, old) for name, old in module.state_dict().items()}


def write_text_encoder(path: Path, encoder: SDClipModel) -> None:
    """A text encoder on the meta device as a file that tells prompts apart and is mostly a hole."""
    shapes = {name: old.shape for name, old in encoder.transformer.state_dict().items()}
    header, end = {}, 0
    for name, shape in shapes.items():
        size = 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    generator = torch.Generator().manual_seed(0)
    with open(path, "wb") as file:
        file.truncate(8 + len(head) + end)
        file.write(struct.pack("<Q", len(head)) + head)
        for name, shape in shapes.items():
            if "embed" in name or name.endswith(("final_layer_norm.weight", "model.norm.weight")):
                file.seek(8 + len(head) + header[name]["data_offsets"][0])
                rows = (min(shape[0], WORDS), *shape[1:])
                file.write(torch.randn(rows, generator=generator).half().numpy().tobytes())


def write(folder: Path) -> None:
    """All of them, in ComfyUI's folders under `folder`."""
    kinds = {name: folder / name for name in ("diffusion_models", "vae", "checkpoints", "text_encoders")}
    for kind in kinds.values():
        kind.mkdir(parents=True, exist_ok=True)
    save_file(wan(), kinds["diffusion_models"] / "wan2.1_t2v_1.3B_fp16.safetensors",
              {"config": json.dumps({"transformer": WAN})})
    save_file(hunyuan(), kinds["diffusion_models"] / "hunyuan_video_t2v_720p_bf16.safetensors")
    save_file(ltx(), kinds["checkpoints"] / "ltx-video-2b-v0.9.safetensors",
              {"config": json.dumps({"transformer": LTX, "vae": LTX_VAE})})
    for name in ("wan_2.1_vae", "hunyuan_video_vae_bf16"):
        save_file(wan_vae(), kinds["vae"] / f"{name}.safetensors")
    texts, empty = kinds["text_encoders"], {"device": "meta", "dtype": torch.float16}
    write_text_encoder(texts / "t5xxl_fp16.safetensors", Qwen3_06BModel(**empty))
    write_text_encoder(texts / "clip_l.safetensors", SDClipModel(**empty))
    os.link(texts / "clip_l.safetensors", texts / "umt5_xxl_fp8_e4m3fn_scaled.safetensors")


if __name__ == "__main__":
    write(Path(sys.argv[1]).resolve())
