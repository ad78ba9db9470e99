"""CKA agrees with plain formulas, and does not see rotations and factors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from vrnn.network.cka import CkaSums, gram_matrix, unbiased_part


def plain_hsic(one: np.ndarray, other: np.ndarray) -> float:
    """Return HSIC₁ of two Gram matrices, term by term: Song et al. 2012, equation 5."""
    n = len(one)
    k, l = one - np.diag(np.diag(one)), other - np.diag(np.diag(other))  # noqa: E741
    ones = np.ones(n)
    trace = np.trace(k @ l)
    sums = (ones @ k @ ones) * (ones @ l @ ones) / ((n - 1) * (n - 2))
    crossed = 2 / (n - 2) * (ones @ k @ l @ ones)
    return float((trace + sums - crossed) / (n * (n - 3)))


def biased_cka(one: np.ndarray, other: np.ndarray) -> float:
    """Return linear CKA by its definition: Kornblith et al. 2019, section 3."""
    one, other = one - one.mean(0), other - other.mean(0)
    cross = np.linalg.norm(one.T @ other) ** 2
    return float(cross / np.linalg.norm(one.T @ one) / np.linalg.norm(other.T @ other))


def cka(first: list[np.ndarray], second: list[np.ndarray], batch: int | None = None) -> np.ndarray:
    """Return CKA of layers given by the features of the same images."""
    sums = CkaSums(len(first), len(second))
    count = len(first[0])
    for start in range(0, count, batch or count):
        part = slice(start, start + (batch or count))
        sums.add([gram_matrix(x[part]) for x in first], [gram_matrix(x[part]) for x in second])
    return sums.values()


@pytest.fixture
def features() -> list[np.ndarray]:
    """Features of 24 images at four layers, each partly of those before."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=(24, 6))
    made = [base @ rng.normal(size=(6, width)) for width in (5, 40, 300)]
    return [x.astype(np.float32) for x in (*made, rng.normal(size=(24, 10)) + 10.0)]


def test_the_estimator_is_that_of_the_plain_formula(features: list[np.ndarray]) -> None:
    for one, other in itertools.product(features, repeat=2):
        grams = [x.astype(np.float64) @ x.astype(np.float64).T for x in (one, other)]
        found = (unbiased_part(grams[0]) * unbiased_part(grams[1])).sum() / (24 * 21)
        scale = np.sqrt(plain_hsic(grams[0], grams[0]) * plain_hsic(grams[1], grams[1]))
        assert found == pytest.approx(plain_hsic(*grams), abs=1e-9 * scale)


def test_the_matrix_is_that_of_plain_numpy_in_batches(features: list[np.ndarray]) -> None:
    found = cka(features, features, 8)
    for i, k in np.ndindex(found.shape):
        parts = [slice(start, start + 8) for start in (0, 8, 16)]
        grams = [
            [x[part].astype(np.float64) @ x[part].astype(np.float64).T for part in parts]
            for x in (features[i], features[k])
        ]
        both = sum(plain_hsic(a, b) for a, b in zip(*grams, strict=True))
        own = [sum(plain_hsic(gram, gram) for gram in one) for one in grams]
        assert found[i, k] == pytest.approx(both / np.sqrt(own[0] * own[1]), abs=1e-4)


def test_a_network_is_like_itself(features: list[np.ndarray]) -> None:
    found = cka(features, features)
    np.testing.assert_allclose(np.diag(found), 1, atol=1e-5)
    np.testing.assert_allclose(found, found.T, atol=1e-9)


def test_rotations_and_factors_of_channels_are_not_seen(features: list[np.ndarray]) -> None:
    rng = np.random.default_rng(1)
    turned = []
    for x in features:
        rotation, _ = np.linalg.qr(rng.normal(size=(x.shape[1], x.shape[1])))
        turned.append(-3.5 * (x @ rotation) + rng.normal(size=x.shape[1]))
    np.testing.assert_allclose(cka(features, turned, 8), cka(features, features, 8), atol=1e-3)


def test_it_tends_to_the_plain_definition_and_to_0_of_noise() -> None:
    rng = np.random.default_rng(2)
    base = rng.normal(size=(4000, 4))
    one = base @ rng.normal(size=(4, 8))
    other = one[:, :3] + rng.normal(size=(4000, 3))
    noise = rng.normal(size=(4000, 5))
    found = cka([one], [other, noise], 40)[0]
    assert found[0] == pytest.approx(biased_cka(one, other), abs=0.02)
    assert abs(found[1]) < 0.01


def test_layers_that_are_not_finite_or_do_not_vary_have_none(features: list[np.ndarray]) -> None:
    broken = features[0].copy()
    broken[3, 1] = np.nan
    found = cka([broken, np.ones((24, 3)), features[1], features[2] * 1e30], features[:2])
    assert np.isnan(found[:2]).all()
    assert np.isfinite(found[2:]).all()
