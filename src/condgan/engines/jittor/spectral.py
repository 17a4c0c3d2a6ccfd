"""Spectral normalisation (Miyato et al. 2018)."""

import jittor as jt

from condgan.engines.jittor.linear import Module, Weighted, normal

FIRST = 15  # steps of the power iteration before the training, as in torch
EPS = 1e-12


class Spectrum(Module):
    """A trained weight, ``original``, over its largest singular value, by power iteration on its vectors u and v."""

    def __init__(self, weight: jt.Var, outputs: int) -> None:
        super().__init__()
        self.original, self.outputs = weight, outputs
        rows, columns = self.matrix().shape
        self.u, self.v = (normal((size,), 1.0).stop_grad() for size in (rows, columns))
        for _ in range(FIRST):
            self.iterate()

    def matrix(self) -> jt.Var:
        """(outputs, everything else)."""
        weight = self.original
        if self.outputs:
            weight = weight.transpose(self.outputs, *(axis for axis in range(weight.ndim) if axis != self.outputs))
        return weight.reshape(weight.shape[0], -1)

    def iterate(self) -> None:
        """One step of the power iteration."""
        matrix = self.matrix().detach()
        self.u.update(direction((matrix * self.v.unsqueeze(0)).sum(dim=1)))
        self.v.update(direction((matrix * self.u.unsqueeze(1)).sum(dim=0)))

    def forward(self) -> jt.Var:
        """The weight as it is used, of the original's shape."""
        if self.training:
            self.iterate()
        u, v = self.u.detach(), self.v.detach()
        return self.original / (self.matrix() * v.unsqueeze(0) * u.unsqueeze(1)).sum()


def direction(vector: jt.Var) -> jt.Var:
    """(N,) of length 1."""
    length = vector.sqr().sum().sqrt()
    return vector / jt.ternary(length > EPS, length, EPS + 0 * length)


def spectral(layer: Weighted) -> None:
    """Divide its weight by the largest singular value, by a power iteration a step."""
    layer.spectrum = Spectrum(layer.weight, layer.outputs)
    del layer.weight
