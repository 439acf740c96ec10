"""What any flow and any potential prove of W1 between a cloud and a density that is constant in cells of a rectangle.

upper   W1(mu, nu) <= int abs(m) + sum_i mu_i E abs(x_i - U_i), for every flow with div m = nu - mu' and none through
        the edge, mu' the cloud with the mass of each point spread evenly over its cell, U_i uniform there. m is linear
        in a cell (normal components on its faces, Raviart and Thomas), abs is convex: the mean of abs(m) over a cell is
        at most that over its corners.
lower   W1(mu, nu) >= abs(sum_i mu_i phi(x_i) - int phi dnu)/L, for every phi with Lipschitz constant L: linear on the
        triangles of the centres of cells, each square cut from (1, 0) to (0, 1), beyond the centres as at the nearest
        point that they span. phi is taken at the points, so that nothing is lost in cells.

Arrays of cells have shape (N_y, N_x). A face of the flow is stored in the cell below it: m_x to the right of (j, i).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from particles.base.arrays import Floats


@dataclass(frozen=True)
class Cells:
    """Equal cells of a rectangle: their numbers, widths, and the low corner."""

    shape: tuple[int, int]
    widths: tuple[float, float]
    low: tuple[float, float]

    def gradient(self, phi: Floats) -> tuple[Floats, Floats]:
        """Differences to the next centre in x and in y, over its distance; 0 at the last."""
        in_x, in_y = np.zeros_like(phi), np.zeros_like(phi)
        in_x[:, :-1] = np.diff(phi, axis=1) / self.widths[0]
        in_y[:-1] = np.diff(phi, axis=0) / self.widths[1]
        return in_x, in_y

    def divergence(self, in_x: Floats, in_y: Floats) -> Floats:
        """Of a flow on faces, none through the edge."""
        found = in_x / self.widths[0] + in_y / self.widths[1]
        found[:, 1:] -= in_x[:, :-1] / self.widths[0]
        found[1:] -= in_y[:-1] / self.widths[1]
        return found

    def solve(self, f: Floats) -> Floats:
        """Return phi with div grad phi = f of mean 0, by a cosine transform."""
        from scipy.fft import dctn, idctn

        rows, columns = self.shape
        in_y = (2.0 - 2.0 * np.cos(np.pi * np.arange(rows) / rows)) / self.widths[1] ** 2
        in_x = (2.0 - 2.0 * np.cos(np.pi * np.arange(columns) / columns)) / self.widths[0] ** 2
        factors = in_y[:, None] + in_x
        factors[0, 0] = 1.0
        transformed = -dctn(f, type=2, norm="ortho") / factors
        transformed[0, 0] = 0.0
        return np.asarray(idctn(transformed, type=2, norm="ortho"))

    def places(self, points: Floats) -> Floats:
        """Places of points, shape (2, M), in units of cells from the low corner."""
        return np.stack([(row - low) / width for row, low, width in zip(points, self.low, self.widths, strict=True)])

    def counted(self, points: Floats, masses: Floats) -> Floats:
        """Mass of a cloud in every cell."""
        rows, columns = self.shape
        i, j = (np.clip(row.astype(int), 0, n - 1) for row, n in zip(self.places(points), (columns, rows), strict=True))
        counts = np.bincount(j * columns + i, masses, rows * columns)
        return np.asarray(counts, dtype=np.float64).reshape(self.shape)

    def in_cell(self, points: Floats, masses: Floats) -> float:
        """sum_i mu_i E abs(x_i - U_i): of each corner of the cell the integral of the distance over its rectangle.

        int_0^a int_0^b abs(z) = a b r/3 + (a^3 asinh(b/a) + b^3 asinh(a/b))/6, r^2 = a^2 + b^2.
        """
        rows, columns = self.shape
        parts = []
        for row, n, width in zip(self.places(points), (columns, rows), self.widths, strict=True):
            t = row - np.clip(np.floor(row), 0, n - 1)
            parts.append((width * t, width * (1.0 - t)))
        total = sum(_corner(np.abs(a), np.abs(b)) for a in parts[0] for b in parts[1])
        return float((masses * total).sum()) / (self.widths[0] * self.widths[1])


def _corner(a: Floats, b: Floats) -> Floats:
    a, b = np.maximum(a, 1e-300), np.maximum(b, 1e-300)
    with np.errstate(over="ignore", under="ignore"):
        logs = a**3 * np.arcsinh(b / a) + b**3 * np.arcsinh(a / b)
    return np.asarray(a * b * np.hypot(a, b) / 3.0 + np.where(np.isfinite(logs), logs, 0.0) / 6.0)


def upper_bound(cells: Cells, in_x: Floats, in_y: Floats, f: Floats) -> float:
    """int abs(m) at most, for the flow that is nearest to one on faces and has the divergence f."""
    added = cells.gradient(cells.solve(f - cells.divergence(in_x, in_y)))
    flow_x, flow_y = np.pad(in_x + added[0], ((0, 0), (1, 0))), np.pad(in_y + added[1], ((1, 0), (0, 0)))
    corners = (np.hypot(x, y).sum() for x in (flow_x[:, :-1], flow_x[:, 1:]) for y in (flow_y[:-1], flow_y[1:]))
    return 0.25 * cells.widths[0] * cells.widths[1] * float(sum(corners))


def lower_bound(cells: Cells, phi: Floats, points: Floats, masses: Floats, density: Floats) -> float:
    """abs(sum_i mu_i phi(x_i) - int phi dnu)/L, `density` the masses of nu in cells."""
    in_x, in_y = cells.gradient(phi)
    # beside a centre (j, i) the triangles to (j, i + 1) and (j + 1, i), and to (j, i - 1) and (j - 1, i)
    slopes = np.hypot(in_x, in_y).max(), np.hypot(*before(in_x, in_y)).max()
    largest = float(max(slopes))
    if largest == 0.0:
        return 0.0
    found = float((masses * _at(cells, phi, points)).sum()) - float((density * _cell_means(phi)).sum())
    return abs(found) / largest


def before(in_x: Floats, in_y: Floats) -> tuple[Floats, Floats]:
    """Of differences to the next centre those to the one before; 0 at the first."""
    return np.pad(in_x[:, :-1], ((0, 0), (1, 0))), np.pad(in_y[:-1], ((1, 0), (0, 0)))


def _at(cells: Cells, phi: Floats, points: Floats) -> Floats:
    """Values at points."""
    rows, columns = cells.shape
    s, t = (np.clip(row - 0.5, 0.0, n - 1.0) for row, n in zip(cells.places(points), (columns, rows), strict=True))
    i, j = (np.minimum(part.astype(int), n - 2) for part, n in ((s, columns), (t, rows)))
    s, t = s - i, t - j
    a, b, c, d = phi[j, i], phi[j, i + 1], phi[j + 1, i], phi[j + 1, i + 1]
    near, far = a + (b - a) * s + (c - a) * t, d + (c - d) * (1.0 - s) + (b - d) * (1.0 - t)
    return np.asarray(np.where(s + t <= 1.0, near, far))


def _cell_means(phi: Floats) -> Floats:
    """Mean over each cell, quarter by quarter about its centre C.

    In the quarters low left and high right phi is one plane, C + (A - C) s + (B - C) t with the neighbours A and B, and
    s and t are 1/4 on average. The other two are cut by the diagonal to the neighbour D beyond the corner: over half of
    a quarter the larger of s and t is 1/3 and the smaller 1/6 on average, and the mean is C + (A + B - 2 C)/12 +
    (D - C)/6.
    """
    p = np.pad(phi, 1, mode="edge")
    c, e, w, n, s = p[1:-1, 1:-1], p[1:-1, 2:], p[1:-1, :-2], p[2:, 1:-1], p[:-2, 1:-1]
    planes = (e + n - 2.0 * c) / 4.0 + (w + s - 2.0 * c) / 4.0
    cut = [(a + b - 2.0 * c) / 12.0 + (d - c) / 6.0 for a, b, d in ((w, n, p[2:, :-2]), (e, s, p[:-2, 2:]))]
    return np.asarray(c + 0.25 * (planes + cut[0] + cut[1]))
