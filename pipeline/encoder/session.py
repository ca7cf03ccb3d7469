"""ONNX Runtime, set up so that the same input gives the same bytes: one thread, on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime as ort

from pipeline.errors import ModelError


def open_session(path: Path) -> Any:
    """A session over a graph's file. Raises `ModelError` if ONNX Runtime can't load it."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no common public class of its errors
        raise ModelError(f"ONNX Runtime {ort.__version__} cannot load {path}: {error}") from error
