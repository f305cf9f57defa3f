"""Command line of the Shapes world: `python3 run.py shapes train|states|tokens|describe|evaluate|traces|races`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

FIGURES = Path("docs/figures")


def _device() -> str:
    import torch
    return "cuda" if torch.cuda.is_available() else "cpu"


def _command(arguments: argparse.Namespace) -> str:
    return f"python3 run.py shapes train {arguments.part} --steps {arguments.steps} --seed {arguments.seed}"


def _train_text(arguments: argparse.Namespace) -> None:
    from .training.export import export_table
    export_table(arguments.seed)


def _train_vae(arguments: argparse.Namespace) -> None:
    from .training import export, vae
    arguments.steps = arguments.steps or vae.STEPS
    state = vae.train(steps=arguments.steps, seed=arguments.seed, device=_device())
    export.export_vae(state, _command(arguments))


def _train_decoder(arguments: argparse.Namespace) -> None:
    from .models import load_vae
    from .training import export, vae
    arguments.steps = arguments.steps or vae.DECODER_STEPS
    state = vae.train_decoder(load_vae().to(_device()), steps=arguments.steps, seed=arguments.seed, device=_device())
    export.export_vae(vae.whitened(state), f"python3 run.py shapes train vae, then {_command(arguments)}")


def _train_backbone(arguments: argparse.Namespace) -> None:
    from .models import load_vae
    from .training import backbone, export
    arguments.steps = arguments.steps or backbone.STEPS
    state = backbone.train(load_vae().to(_device()), steps=arguments.steps, seed=arguments.seed, device=_device())
    export.export_backbone(state, _command(arguments))


def _train_head(arguments: argparse.Namespace) -> None:
    from .training import variants
    variants.train(arguments.variant, arguments.seed, arguments.steps)


def _describe(arguments: argparse.Namespace) -> None:
    from .training import evaluation, states
    figures = evaluation.backbone_facts(states.load(arguments.split))
    evaluation.write(FIGURES / "shapes_backbone.json", figures, f"python3 run.py shapes describe {arguments.split}")


def _evaluate(arguments: argparse.Namespace) -> None:
    from .training import evaluation, export, plot
    figures = evaluation.evaluate(arguments.split)
    evaluation.write(FIGURES / "shapes_head.json", figures, f"python3 run.py shapes evaluate {arguments.split}")
    plot.draw(figures, FIGURES / "shapes_head.png")
    export.export_head(figures, arguments.seed)


def _states(arguments: argparse.Namespace) -> None:
    from .models import load_backbone, load_vae
    from .training import states
    device = _device()
    for split in arguments.splits:
        states.make(load_backbone().to(device), load_vae().to(device), split, limit=arguments.limit,
                    reverse=arguments.reverse, device=device)


def _traces(arguments: argparse.Namespace) -> None:
    from .models import load_backbone, load_vae
    from .training import traces
    for split in arguments.splits:
        traces.make(load_backbone(), load_vae(), split, limit=arguments.limit, reverse=arguments.reverse)


def _races(arguments: argparse.Namespace) -> None:
    from .training import evaluation, races
    figures = races.measure()
    evaluation.write(FIGURES / "shapes_races.json", figures, "python3 run.py shapes races")
    races.draw(figures, FIGURES / "shapes_races.png")


def _tokens(arguments: argparse.Namespace) -> None:
    from .training import bank, states, variants
    steps = variants.STEPS_OF.get(arguments.view, variants.TRAIN_STEPS)
    view = variants.view("full" if arguments.view == "backbone" else arguments.view)
    bank.fill(arguments.view, view, states.load("head"), steps, arguments.reverse)


TRAIN = {"text": _train_text, "vae": _train_vae, "decoder": _train_decoder, "backbone": _train_backbone, "head": _train_head}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py shapes", description="Train and measure the Shapes models.")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train a part; continues from build/shapes where it was interrupted")
    train.add_argument("part", choices=["text", "vae", "decoder", "backbone", "head"])
    train.add_argument("--variant", default="full", help="head only: the head itself or one of its controls")
    train.add_argument("--steps", type=int, help="training steps (default: what made the committed weights)")
    train.add_argument("--seed", type=int, default=0)
    for name, text, choices in (("states", "sample candidates and judge them with the oracle", ["test", "validation", "head"]),
                                ("traces", "score every step of 50-step runs with the head file", ["test", "validation"])):
        command = commands.add_parser(name, help=text)
        command.add_argument("splits", nargs="+", choices=choices)
        command.add_argument("--limit", type=int, help="only the first prompts of the split")
        command.add_argument("--reverse", action="store_true", help="from the end: lets a second process share the work")
    tokens = commands.add_parser("tokens", help="what heads are trained on; made on the way where missing")
    tokens.add_argument("view", choices=["backbone", "random", "raw"])
    tokens.add_argument("--reverse", action="store_true", help="from the end, beside a second process")
    for name, text in (("describe", "quality of the backbone's clips"), ("evaluate", "all figures of the head and its controls")):
        command = commands.add_parser(name, help=text)
        command.add_argument("split", nargs="?", default="test", choices=["test", "validation"])
        command.add_argument("--seed", type=int, default=0, help="which trained head becomes the head file")
    commands.add_parser("races", help="gap recovered against price: one cut, halving, racing")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 when it worked."""
    arguments = _parser().parse_args(argv)
    run = {"train": lambda a: TRAIN[a.part](a), "states": _states, "traces": _traces, "tokens": _tokens, "races": _races,
           "describe": _describe, "evaluate": _evaluate}
    run[arguments.command](arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
