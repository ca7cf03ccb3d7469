import numpy as np

from pipeline.encoder.heads import SentencePool, log_softmax, sigmoid
from pipeline.encoder.words import BLOCK_BYTES, dequantise


def test_dequantise_follows_the_block_layout() -> None:
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (5, 2, BLOCK_BYTES), dtype=np.uint8)
    blocks[..., :2] = rng.normal(size=(5, 2)).astype(np.float16)[..., None].view(np.uint8)
    for row, vector in zip(blocks, dequantise(blocks), strict=True):
        expected = []
        for block in row:
            scale = float(block[:2].view(np.float16)[0])
            expected += [(int(byte & 15) - 8) * scale for byte in block[2:]]
            expected += [(int(byte >> 4) - 8) * scale for byte in block[2:]]
        np.testing.assert_allclose(vector, expected, rtol=1e-6)


def test_pooling_by_windows_equals_pooling_at_once() -> None:
    rng = np.random.default_rng(1)
    hidden = rng.normal(size=(50, 8)).astype(np.float32)
    trigger = rng.normal(size=(50, 3)).astype(np.float32)
    index = np.sort(rng.integers(0, 9, 50)).astype(np.int32)
    pool = SentencePool(10, 8, 3)
    for start, end in ((0, 7), (7, 7), (7, 30), (30, 50)):
        pool.add(index[start:end], hidden[start:end], trigger[start:end])
    for sentence in range(10):
        mine = index == sentence
        assert pool.count[sentence, 0] == mine.sum()
        if mine.any():
            np.testing.assert_allclose(pool.total[sentence], hidden[mine].sum(0), rtol=1e-5, atol=1e-5)
            np.testing.assert_array_equal(pool.best[sentence], hidden[mine].max(0))
            np.testing.assert_array_equal(pool.trigger[sentence], trigger[mine].max(0))


def test_sigmoid_and_softmax_of_extremes() -> None:
    extremes = np.array([-1e4, -30, 0, 30, 1e4], np.float32)
    assert np.isfinite(sigmoid(extremes)).all()
    assert sigmoid(extremes)[2] == 0.5
    np.testing.assert_allclose(np.exp(log_softmax(extremes[None])).sum(), 1, rtol=1e-6)
    assert log_softmax(np.zeros((0, 5), np.float32)).shape == (0, 5)
