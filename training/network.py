"""The encoder and its heads in PyTorch, for training and export only."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training import base, labels

WIDTH, HEADS, INNER, EPSILON = 384, 12, 1536, 1e-12


class Layer(nn.Module):
    """One BERT layer (normalisation after the sum). The explicit softmax trains faster on a CPU than the fused one."""

    def __init__(self) -> None:
        super().__init__()
        self.query_key_value = nn.Linear(WIDTH, 3 * WIDTH)
        self.output = nn.Linear(WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH, EPSILON)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """x: (batch, length, 384); mask: (batch, 1, 1, length), 0 or a large negative number."""
        batch, length, _ = x.shape
        joint = self.query_key_value(x).view(batch, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        query, key, value = joint[0], joint[1], joint[2]
        scores = (query * (WIDTH // HEADS) ** -0.5) @ key.transpose(-1, -2)
        if mask is not None:
            scores = scores + mask.to(scores.dtype)
        mixed = (scores.softmax(-1).to(value.dtype) @ value).transpose(1, 2).reshape(batch, length, WIDTH)
        x = self.norm1(x + self.output(mixed))
        return self.norm2(x + self.down(functional.gelu(self.up(x))))


class Encoder(nn.Module):
    """multilingual-e5-small without its word table: vectors in, hidden states out."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH, EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))

    def forward(self, vectors: Tensor, mask: Tensor | None = None) -> Tensor:
        """vectors: word + position + type, (batch, length, 384)."""
        x = self.norm(vectors)
        for layer in self.layers:
            x = layer(x, mask)
        return x


def token_widths() -> dict[str, int]:
    """Outputs of each token head, in their order in the joint logits."""
    return {
        "entity": len(labels.ENTITY_LABELS),
        "trigger": len(labels.event_types()),
        "role": len(labels.roles()),
        "status": len(labels.STATUSES),
        "time": len(labels.TIMES),
    }


class Network(nn.Module):
    """Encoder, one linear layer for all token heads, one over mean ++ maximum of a sentence's pieces."""

    def __init__(self, layers: int, *, pretrained: bool = True) -> None:
        super().__init__()
        self.encoder = Encoder(layers)
        self.token = nn.Linear(WIDTH, sum(token_widths().values()))
        self.sentence = nn.Linear(2 * WIDTH, len(labels.event_types()))
        widths = list(token_widths().values())
        with torch.no_grad():  # rare labels start out rare
            self.token.weight.mul_(0.3)
            self.token.bias.zero_()
            self.token.bias[widths[0] : sum(widths[:3])] = -5.0
            self.sentence.weight.mul_(0.3)
            self.sentence.bias.fill_(2.0)  # the best trigger logit, about -5, is added
        if pretrained:
            state = {name: torch.tensor(array) for name, array in base.encoder_state(layers).items()}
            self.encoder.load_state_dict(state)

    def forward(self, vectors: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Hidden states (batch, length, 384) and joint token logits (batch, length, all heads)."""
        hidden = self.encoder(vectors, mask)
        return hidden, self.token(hidden)

    def split(self, logits: Tensor) -> dict[str, Tensor]:
        """Joint token logits by head."""
        widths = token_widths()
        return dict(zip(widths, logits.split(list(widths.values()), -1), strict=True))

    def sentences(self, hidden: Tensor, trigger: Tensor, groups: Sequence[tuple[int, int, int]]) -> Tensor:
        """Event logits of sentences, given as (row, start, end) of their pieces: (sentences, types)."""
        rows = []
        for row, start, end in groups:
            part = hidden[row, start:end].float()
            rows.append(torch.cat([part.mean(0), part.amax(0)]))
        best = torch.stack([trigger[row, start:end].float().amax(0) for row, start, end in groups])
        return self.sentence(torch.stack(rows)).float() + best
