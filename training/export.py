"""A trained network to the files that `pipeline.encoder` reads: encoder.onnx (int8), heads.npz, model.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

from training import labels, places
from training.card import write_card
from training.network import WIDTH, Network


def export_onnx(network: Network, path: Path) -> None:
    """Write the float graph: vectors (1, length, 384) -> hidden, logits."""
    network.eval()
    torch.onnx.export(
        network,
        (torch.zeros(1, 16, WIDTH),),
        str(path),
        input_names=["vectors"],
        output_names=["hidden", "logits"],
        dynamic_axes={name: {1: "length"} for name in ("vectors", "hidden", "logits")},
        opset_version=17,
        dynamo=False,
    )


def quantise(source: Path, target: Path) -> None:
    """Weights to 8 bits. The heads stay float.

    The layers that come out of the widest part ("down") in blocks of 128 with a scale each (weights and activations):
    a few of their activations are twenty times the others, and one scale for all costs the rest their precision (F1 of
    entities .789 against .801 of the float model; .796 in blocks, which cost 3 to 6 % of the speed). All others per
    channel; reduce_range keeps CPUs without VNNI from saturating.
    """
    model = onnx.load(source)
    nodes = model.graph.node
    heads = [node.name for node in nodes if set(node.output) & {"logits"} or "/token/" in node.name]
    blocks = MatMulNBitsQuantizer(
        model,
        nodes_to_exclude=[node.name for node in nodes if "/down/" not in node.name],
        algo_config=DefaultWeightOnlyQuantConfig(block_size=128, is_symmetric=True, accuracy_level=4, bits=8),
    )
    blocks.process()
    quantize_dynamic(
        blocks.model.model,
        target,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul", "Gemm"],
        nodes_to_exclude=heads,
        extra_options={"MatMulConstBOnly": True},
    )


def export(network: Network, folder: Path, card: dict[str, Any] | None = None, *, name: str = "news-s6") -> None:
    """Write a model folder; `card` brings calibration and thresholds, without it they are neutral."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "roles.onnx").unlink(missing_ok=True)  # it was trained on another encoder
    float_graph = places.cache() / f"{name}-float.onnx"
    export_onnx(network, float_graph)
    quantise(float_graph, folder / "encoder.onnx")
    np.savez(
        folder / "heads.npz",
        sentence_weight=network.sentence.weight.detach().numpy(),
        sentence_bias=network.sentence.bias.detach().numpy(),
    )
    types = labels.event_types()
    write_card(
        folder,
        {
            "name": name,
            "version": "0.3.0",
            "entity_labels": labels.ENTITY_LABELS,
            "event_types": types,
            "roles": labels.roles(),
            "statuses": labels.STATUSES,
            "times": labels.TIMES,
            "thresholds": dict.fromkeys(types, 0.5),
            "role_thresholds": dict.fromkeys(labels.roles(), 0.5),
            "calibration": [{"scale": 1.0, "shift": 0.0}] * len(types),
        }
        | (card or {}),
    )
