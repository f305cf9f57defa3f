"""One sampler call under a patched model: whether there is anything to prune, the checks before it, and its record."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import comfy.model_patcher
import comfy.nested_tensor
import comfy.utils
import torch
from comfy.patcher_extension import WrappersMP, add_wrapper_with_key
from torch import Tensor

from ...prism_core import VERSION
from ...prism_core.backbones import UnknownBackbone
from ...prism_core.cost import probe_cost
from ...prism_core.policy import Policy
from ...prism_core.record import WATCH, Drop, Evaluations, HeadUsed, RunRecord
from ...prism_core.replay import check_digest, format_replay, parse_replay
from ...prism_core.said import say
from ...prism_core.schedule import format_schedule, resolve
from . import refuse
from .alone import RowByRow, mixes
from .decide import Decider
from .digest import digest
from .eyes import Eyes
from .judge import KEY
from .ledger import Finished, Ledger
from .policies import make_policy, races, share_of
from .run import Run
from .settings import Settings
from .steps import Steps, postponed
from .tap import backbone_of
from .widen import Start, begins_anew, check_prompts, widen

logger = logging.getLogger(__name__)

ONE_BY_ONE = say("oneByOne", "A node such as NAG has replaced the model's cross attention and may take other candidates "
                 "of a batch for negative prompts, so candidates go through the model one at a time. Set 'group' to "
                 "change that.")
CONTINUES = say("continues", "This sampler call goes on with one clip instead of making one, so no candidates were made "
                "of it. To try several, repeat the latent (Repeat Latent Batch).")
NOT_NAMED = say("notNamed", "not named in 'kept'")


@contextmanager
def _named() -> Iterator[None]:
    """Refusals say whose they are: they surface on the sampler's node."""
    try:
        yield
    except ValueError as error:
        if "PrismBestOfN" in str(error):
            raise
        raise type(error)(f"PrismBestOfN: {error}") from error


class Call:
    """What OUTER_SAMPLE was called with; `sample(start, callback)` makes the call itself."""

    def __init__(self, settings: Settings, ledger: Ledger, guider: Any, start: Start, sampler: Any, sigmas: Tensor,
                 sample: Callable[[Start, Callable | None], Tensor], warnings: list[str]) -> None:
        self.settings, self.ledger, self.guider, self.start = settings, ledger, guider, start
        self.sampler, self.sigmas, self.sample, self.warnings = sampler, sigmas, sample, warnings
        self.model, self.options = guider.model_patcher, guider.model_options
        self.sampling = self.model.get_model_object("model_sampling")
        self.steps = Steps(sigmas, self.sampling)
        self.digest: str | None = None

    def has_candidates(self) -> bool:
        """Whether more rows come in, or are to be made, than are to be kept."""
        settings, rows = self.settings, self.start.rows
        if rows > 1:
            return rows > settings.final_keep
        if settings.candidates <= 1 or not settings.replays and settings.candidates <= settings.final_keep:
            return False
        if settings.always_widen or not self.start.adds_noise or begins_anew(self.start, self.sigmas, self.sampling):
            return True
        self.warnings.append(CONTINUES)
        logger.info("PrismBestOfN: %s", CONTINUES)
        return False

    def untouched(self, callback: Callable | None) -> Tensor:
        """Sample a call that has nothing to prune as if there were no patch; only its model calls are counted."""
        calls: list[int] = []

        def count(executor: Callable, *args: Any, **kwargs: Any) -> Tensor:
            calls.append(self.start.rows)
            return executor(*args, **kwargs)
        began = time.perf_counter()
        samples = self._wrapped({WrappersMP.PREDICT_NOISE: count}, lambda: self.sample(self.start, callback))
        rows, spent = tuple(range(self.start.rows)), float(sum(calls))
        record = self._record(rows, policy="none", group=len(rows), replay=format_replay(rows, None),
                              evaluations=Evaluations(spent, 0.0, spent, 0.0), seconds=time.perf_counter() - began)
        self.ledger.add(self._streams(samples)[0], Finished(record, rows, (), None, None))
        return samples

    def pruned(self, callback: Callable | None) -> Tensor:
        """Check everything, sample, and return the survivors."""
        began = time.perf_counter()
        with _named():
            self._check_and_widen()
            run = self._run()
        for warning in self.warnings:
            logger.warning("PrismBestOfN: %s", warning)
        self._tell_start(run)
        output = self._patched(run, callback)
        run.close()
        survivors = output[run.alive]
        finished = self._finished(run, time.perf_counter() - began - run.times.waited)
        self.ledger.add(self._streams(survivors)[0], finished)
        self.settings.tell("finished", run=run.id, kept=tuple(run.alive), record=finished.record,
                           pace=run.times.pace(), samples=self._streams(survivors)[0])
        return survivors

    def _check_and_widen(self) -> None:
        conds = self.guider.conds
        refuse.check_sampler(self.sampler, self.sigmas, mixes(self.guider))
        if self.start.rows == 1:
            check_prompts(conds, self.settings.candidates)
            self.start = widen(self.start, self.settings.candidates)
        refuse.check_conds(conds, self.start.mask, self.settings.sliced_after)
        self.digest = digest(self.start.noise, self.start.latent, conds)

    def _run(self) -> Run:
        """The state of this call; raises what cannot be pruned."""
        settings, count, rows = self.settings, self.start.rows, list(range(self.start.rows))
        eyes = None if settings.replays else self._eyes()
        self.warnings += refuse.check_model(self.model, self.options, eyes is not None)
        if not settings.group and refuse.counts_on_one_row(self.model):
            settings = self.settings = replace(settings, group=1)
            self.warnings.append(ONE_BY_ONE)
        policy = None
        if settings.replays:
            rows, given = parse_replay(settings.kept, count)
            check_digest(given, self.digest)
        else:
            policy = self._policy(eyes)
        return Run(settings, count, rows, self.steps, Decider(policy), eyes,
                   lambda x0: self._streams(x0)[0])

    def _policy(self, eyes: Eyes | None) -> Policy:
        """What decides in this call, at steps where the head can be trusted and finds a prompt to score by."""
        settings, flow, count = self.settings, self.steps.flow, self.start.rows
        rounds = resolve(settings.rounds, torch.tensor(flow), count)
        if eyes is not None and not races(settings) and settings.chooser is None:    # a race waits by itself
            rounds, waits = postponed(rounds, flow, eyes.head.info)
            self.warnings += waits
        share = share_of(self.guider, self.options, refuse.sampler_name(self.sampler))
        policy = make_policy(settings, rounds, count, flow, eyes, share)
        if eyes is not None:
            refuse.check_prompt(eyes, self.guider.conds, self.sampling, [self.steps.sigmas[k] for k in policy.steps()])
        return policy

    def _eyes(self) -> Eyes | None:
        head = self.settings.head
        if head is None:
            return None
        positive = [cond["uuid"] for cond in self.guider.conds.get("positive", [])]
        return Eyes(head, backbone_of(self.model), positive, embeds=self.settings.policy == "diverse")

    def _patched(self, run: Run, callback: Callable | None) -> Tensor:
        """Sample with the run's wrappers."""
        wrappers = {WrappersMP.PREPARE_SAMPLING: run.prepare, WrappersMP.PREDICT_NOISE: run.predict,
                    WrappersMP.CALC_COND_BATCH: run.calc}
        try:
            return self._wrapped(wrappers, lambda: self.sample(self.start, run.callback(callback)), run)
        except BaseException as error:
            self.settings.tell("failed", run=run.id, error=error)
            raise

    def _wrapped(self, wrappers: dict[str, Callable], sample: Callable[[], Tensor], run: Run | None = None) -> Tensor:
        """Sample with wrappers in model options that nobody else has, and that nobody keeps."""
        options = self.guider.model_options = comfy.model_patcher.create_model_options_clone(self.options)
        for kind, wrapper in wrappers.items():
            add_wrapper_with_key(kind, KEY, wrapper, options, is_model_options=True)
        handler = options.get("context_handler")
        if run is not None and handler is not None:
            options["context_handler"] = RowByRow(handler, run.evaluate)
        try:
            return sample()
        finally:
            self.guider.model_options = self.options

    def _finish(self, x0: Tensor) -> Tensor:
        """Predictions in the model's space, as latents on the CPU."""
        return self.model.model.process_latent_out(x0.float()).cpu()

    def _streams(self, samples: Tensor) -> list[Tensor]:
        """The streams of a latent that was packed into one tensor: video, then sound."""
        return comfy.utils.unpack_latents(samples, self.start.shapes)

    def _dropped_x0(self, run: Run, dropped: tuple[int, ...]) -> Any:
        if not dropped or any(row not in run.last_x0 for row in dropped):
            return None
        x0 = self._finish(torch.stack([run.last_x0[row] for row in dropped]))
        if self.start.mask is not None and self.start.mask.shape[1:] == x0.shape[1:]:
            mask, latent = (part[list(dropped)].cpu().float() for part in (self.start.mask, self.start.latent))
            x0 = x0 * mask + latent * (1 - mask)
        streams = self._streams(x0)
        return streams[0] if len(streams) == 1 else comfy.nested_tensor.NestedTensor(streams)

    def _finished(self, run: Run, seconds: float) -> Finished:
        settings, kept = self.settings, tuple(run.alive)
        dropped = tuple(row for row in range(run.count) if row not in kept)
        plain, watched = run.calls * run.count, settings.watch and not settings.replays
        decided = tuple(run.decider.drops)
        drops = decided if not settings.replays else tuple(
            Drop(row, 0, self.steps.flow[0], None, NOT_NAMED) for row in dropped)
        record = self._record(
            kept, head=HeadUsed(settings.head.name, settings.head.sha256) if run.eyes else None,
            seeds=self.start.seeds, group=max(1, run.group), policy=self._policy_name(),
            schedule="" if settings.replays else format_schedule(settings.rounds),
            replay=format_replay(kept, self.digest), watches=tuple(run.decider.watches),
            drops=() if watched else drops, imagined=decided if watched else (),
            evaluations=Evaluations(float(run.spent), run.probes, float(plain), plain - run.spent - run.probes),
            seconds=seconds, warnings=tuple(dict.fromkeys([*self.warnings, *run.warnings, *run.decider.notes])))
        return Finished(record, kept, dropped, self._dropped_x0(run, dropped), self.start.seeds, run.id,
                        self._probe(run))

    def _probe(self, run: Run) -> float:
        """Evaluations that scoring one row in a call of its own costs."""
        share = share_of(self.guider, self.options, refuse.sampler_name(self.sampler))
        return probe_cost(1, run.eyes.depth, share) if run.eyes else 0.0

    def _record(self, kept: tuple[int, ...], **facts: Any) -> RunRecord:
        return RunRecord(**{
            "version": VERSION, "head": None, "model": self._model_name(), "seeds": None, "schedule": "", "watches": (),
            "sampler": refuse.sampler_name(self.sampler), "sigmas": self.steps.flow, "candidates": self.start.rows,
            "seed": self.start.seed or 0, "kept": kept, "drops": (), "warnings": tuple(self.warnings), **facts})

    def _policy_name(self) -> str:
        if self.settings.replays:
            return "replay"
        if self.settings.chooser is not None:
            return "choice"
        return WATCH if self.settings.watch else self.settings.policy

    def _model_name(self) -> str:
        try:
            return backbone_of(self.model).class_name
        except UnknownBackbone:
            return type(self.model.model).__name__

    def _tell_start(self, run: Run) -> None:
        policy = run.decider.policy
        self.settings.tell(
            "started", run=run.id, candidates=run.count, rows=tuple(run.alive), sigmas=run.steps.flow,
            seed=self.start.seed or 0, seeds=self.start.seeds, policy=self._policy_name(),
            cuts=() if policy is None else tuple((step, policy.budget_keep(step, run.count)) for step in policy.steps()),
            model=self.model, conds=self.guider.conds, sampler=refuse.sampler_name(self.sampler),
            share=share_of(self.guider, self.options, refuse.sampler_name(self.sampler)),
            warnings=tuple(self.warnings))
