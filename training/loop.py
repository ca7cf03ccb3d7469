"""A training that lasts a given time, survives its process, and lowers its learning rate by the clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from training import places
from training.network import Network

CHECKPOINT_SECONDS = 180.0
WARM_UP_STEPS = 60
CLIP = 1.0


@dataclass(slots=True)
class Plan:
    """What one training needs. Learning rates follow models of this size on a CPU, see README.md."""

    name: str
    minutes: float
    rate: float
    head_rate: float = 2e-3
    decay: float = 0.9  # of the rate, by layer from the top downwards
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    log_every: int = 50
    folder: Path = field(default_factory=places.cache)

    @property
    def checkpoint(self) -> Path:
        """Weights, optimiser, step and seconds so far."""
        return self.folder / f"{self.name}.pt"


Loss = Callable[[int, float], tuple[Tensor, dict[str, float]]]  # step, share of the time -> loss, parts to log


def train(network: Network, plan: Plan, loss: Loss) -> None:
    """Train for `plan.minutes` of its own time, counting earlier runs; done at once if that is spent."""
    torch.set_num_threads(1)
    optimiser = torch.optim.AdamW(_groups(network, plan), betas=plan.betas, eps=1e-6, fused=True)
    rates = [group["lr"] for group in optimiser.param_groups]
    step, seconds, budget = 0, 0.0, plan.minutes * 60
    if plan.checkpoint.exists():
        state = torch.load(plan.checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        step, seconds = state["step"], state["seconds"]
        print(f"{plan.name}: resumed at step {step}, {seconds / 60:.1f} of {plan.minutes:g} minutes", flush=True)
    network.train()
    saved, sums, count = seconds, {}, 0
    while seconds < budget:
        start = time.monotonic()
        share = seconds / budget
        factor = min(1.0, (step + 1) / WARM_UP_STEPS) * max(0.0, 1.0 - share)
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        with torch.autocast("cpu", torch.bfloat16):
            total, parts = loss(step, share)
        total.backward()
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        if math.isfinite(float(norm)):
            optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step += 1
        seconds += time.monotonic() - start
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
        count += 1
        if step % plan.log_every == 0:
            text = "  ".join(f"{name} {value / count:.4f}" for name, value in sums.items())
            print(f"{plan.name} {step:5d}  {seconds / 60:5.1f} min  {text}", flush=True)
            sums, count = {}, 0
        if seconds - saved > CHECKPOINT_SECONDS or seconds >= budget:
            _save(network, optimiser, plan, step, seconds)
            saved = seconds


def _groups(network: Network, plan: Plan) -> list[dict]:
    layers = len(network.encoder.layers)
    groups = [{"params": list(network.encoder.norm.parameters()), "lr": plan.rate * plan.decay**layers}]
    for index, layer in enumerate(network.encoder.layers):
        groups.append({"params": list(layer.parameters()), "lr": plan.rate * plan.decay ** (layers - 1 - index)})
    heads = [*network.token.parameters(), *network.sentence.parameters()]
    groups.append({"params": heads, "lr": plan.head_rate})
    return [group | {"weight_decay": plan.weight_decay} for group in groups]


def _save(network: Network, optimiser: torch.optim.Optimizer, plan: Plan, step: int, seconds: float) -> None:
    state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "seconds": seconds}
    temporary = plan.checkpoint.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(plan.checkpoint)


def load_weights(network: Network, name: str) -> Network:
    """The weights of a finished training."""
    state = torch.load(places.cache() / f"{name}.pt", weights_only=True)
    network.load_state_dict(state["network"])
    return network.eval()
