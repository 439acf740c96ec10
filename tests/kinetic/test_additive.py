"""Claims about `kinetic.line.additive`."""

from dataclasses import replace

import numpy as np
import pytest

from kinetic.line.additive import ARK3, Additive
from particles.base.arrays import Floats

EULER = Additive(((), (1.0,)), ((0.0,), (0.0, 1.0)), (0.0, 1.0), order=1)


def triangles() -> tuple[Floats, Floats, Floats]:
    size = len(ARK3.weights)
    explicit, implicit = np.zeros((size, size)), np.zeros((size, size))
    for k in range(size):
        explicit[k, :k], implicit[k, : k + 1] = ARK3.explicit[k], ARK3.implicit[k]
    return explicit, implicit, np.array(ARK3.weights)


def amplification(explicit_z: np.ndarray, implicit_z: np.ndarray) -> np.ndarray:
    """abs(R) of u' = (z_E + z_I) u for arrays of both numbers."""
    explicit, implicit, weights = triangles()
    z_e, z_i = np.asarray(explicit_z)[..., None, None], np.asarray(implicit_z)[..., None, None]
    matrix = np.eye(weights.size) - z_e * explicit - z_i * implicit
    stages = np.linalg.solve(matrix, np.ones((*matrix.shape[:-1], 1)))[..., 0]
    return np.abs(1.0 + (z_e + z_i)[..., 0, 0] * (stages @ weights))


def symbols(cfl: float, strengths: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Upwind advection with P_opt times dt, and r times the stencil (-1, 16, -30, 16, -1)/12, on a periodic grid."""
    wave = np.exp(1j * np.linspace(0.0, np.pi, 181)[1:, None])
    advection = -cfl * (1.0 - 1.0 / wave) * (-1.0 / 6.0 / wave + 5.0 / 6.0 + wave / 3.0)
    diffusion = -strengths * (30.0 - 32.0 * wave.real + 2.0 * (wave**2).real) / 12.0
    return np.broadcast_arrays(advection, diffusion)


def test_the_diagonal_is_the_l_stable_one_and_the_nodes_are_the_published_ones() -> None:
    gamma = ARK3.gamma
    assert abs(6.0 * gamma**3 - 18.0 * gamma**2 + 9.0 * gamma - 1.0) < 1e-12
    np.testing.assert_allclose(ARK3.nodes, (0.0, 2.0 * gamma, 0.6, 1.0), rtol=1e-12)


def test_the_implicit_part_is_stiffly_accurate_l_stable_and_of_stage_order_two() -> None:
    _, implicit, weights = triangles()
    nodes = np.array(ARK3.nodes)
    assert np.array_equal(implicit[-1], weights)
    np.testing.assert_allclose(implicit @ nodes, nodes**2 / 2.0, rtol=0.0, atol=1e-12)
    line = 1j * np.linspace(-1e3, 1e3, 20001)
    assert amplification(np.zeros_like(line), line).max() < 1.0 + 1e-12
    assert amplification(np.zeros(1), np.array([-1e6])).max() < 1e-5


def test_upwind_advection_with_diffusion_of_any_strength_is_stable_up_to_cfl_two() -> None:
    strengths = np.concatenate([[0.0], 10.0 ** np.linspace(-3.0, 8.0, 111)])
    assert amplification(*symbols(2.0, strengths)).max() < 1.0 + 1e-12
    assert amplification(*symbols(0.45, strengths[-1:])).max() < 1e-3
    assert amplification(*symbols(2.2, strengths)).max() > 1.1


def test_a_tableau_of_lower_order_is_not_built() -> None:
    with pytest.raises(AssertionError):
        replace(EULER, order=2)
    with pytest.raises(AssertionError):
        replace(ARK3, weights=(0.25, 0.25, 0.25, 0.25))
    halved = tuple(tuple(0.5 * a for a in row) for row in ARK3.explicit)
    with pytest.raises(AssertionError):  # nodes of the two parts differ
        replace(ARK3, explicit=halved, order=1)


def test_a_coupling_condition_alone_can_fail() -> None:
    """Same nodes, so that only b.(A_E c) changes."""
    third = (ARK3.explicit[2][0] + 0.1, ARK3.explicit[2][1] - 0.1)
    changed = (*ARK3.explicit[:2], third, ARK3.explicit[3])
    assert replace(ARK3, explicit=changed, order=2).order == 2
    with pytest.raises(AssertionError):
        replace(ARK3, explicit=changed)
