"""Pools of error trajectories, and distributions against their paths."""

import numpy as np
import pytest
from scipy import stats

from shelfcast.forecasting import (
    CumulativeDemand,
    ErrorPool,
    Fits,
    Panel,
    Prior,
    SeasonalProfile,
    States,
    build_pool,
    demand_paths,
    distributions,
    fit_panel,
)
from shelfcast.forecasting.levels import VARIATION_STEP, Evidence, level_table

HORIZON = 6


def make_fits(errors, mean=None, scale=None):
    """Fits with the given errors (n, K, h) of series that fall back to a mean (n,)."""
    n = len(errors)
    mean = np.full(n, 10.0) if mean is None else mean
    states = States(
        weights=np.zeros((n, 0)),
        scores=np.zeros((n, 0)),
        states=np.zeros((n, 3, 0)),
        seasons=np.zeros((n, 1, 0)),
        indices=np.zeros((n, 3, 1)),
        fallback_mean=mean,
        days=np.zeros(n, dtype=np.int64),
        is_nonnegative=np.ones(n, dtype=bool),
    )
    return Fits(
        states,
        mean,
        np.ones(n) if scale is None else scale,
        errors,
        np.full(n, "mean", dtype=object),
        np.ones(n),
        np.full(n, None, dtype=object),
        np.full(n, 250),
        Evidence(250 * mean, np.full(n, 250.0), np.ones(n), np.full(n, 250), np.zeros(n)),
    )


@pytest.fixture(scope="module")
def demand():
    """Five series, slow, fast, certain and with returns, over a pool of two groups."""
    rng = np.random.default_rng(11)
    pool = ErrorPool(np.array([0.0, 2.0]), rng.normal(0, 1, (2, 50, HORIZON)).cumsum(axis=2))
    return CumulativeDemand(
        rng.gamma(2.0, [[0.2], [5.0], [40.0], [3.0], [1.0]], (5, HORIZON)),
        np.array([0.5, 4.0, 10.0, 0.0, 2.0]),
        np.array([0, 1, 1, 0, 0]),
        np.array([True, True, True, True, False]),
        pool,
        np.array([0.7, 0.0, 0.15, 0.4, 0.0]),
    )


def all_paths(demand):
    """Cumulative demand over 1..h days of each path (n, P, h + 1), starting with no day."""
    errors = demand.error_scale[:, None, None] * demand.pool.trajectories[demand.group]
    shares, rows = np.modf(demand.level_variation / VARIATION_STEP)
    table, row = level_table(errors.shape[1]), rows.astype(int)
    levels = table[row] + shares[:, None] * (table[row + 1] - table[row])
    paths = (levels[:, :, None] * demand.mean[:, None, :] + errors).cumsum(axis=2)
    paths = np.concatenate([np.zeros((*paths.shape[:2], 1)), paths], axis=2)
    floored = np.maximum.accumulate(paths[demand.is_nonnegative], axis=2)
    paths[demand.is_nonnegative] = floored  # they start from 0 and never fall
    return paths


@pytest.mark.parametrize("h", [0, 1, 4, HORIZON, np.array([1, 6, 3, 2, 5])])
@pytest.mark.parametrize("x", [-3.0, 0.0, 7.5, np.array([0.3, 20.0, 300.0, 9.0, -1.0])])
def test_cdf_and_loss_are_those_of_the_paths(demand, x, h):
    days, levels = np.broadcast_to(h, 5), np.broadcast_to(x, 5)
    paths = all_paths(demand)[np.arange(5), :, days]
    assert demand.cdf(x, h) == pytest.approx((paths <= levels[:, None] + 1e-9).mean(axis=1))
    assert demand.loss(x, h) == pytest.approx(np.maximum(paths - levels[:, None], 0).mean(axis=1))


@pytest.mark.parametrize("p", [0.0, 0.02, 0.5, 0.9, 0.99, 1.0])
def test_quantiles_are_those_of_the_paths(demand, p):
    paths = all_paths(demand)
    for h in (1, HORIZON):
        expected = np.quantile(paths[:, :, h], p, axis=1, method="inverted_cdf")
        assert demand.quantile(p, h) == pytest.approx(expected)
    assert demand.quantile(p, 0) == pytest.approx(np.zeros(5))


@pytest.mark.parametrize(
    "pmf",
    [
        np.array([0.1, 0.0, 0.3, 0.6]),
        np.random.default_rng(2).dirichlet(np.ones(HORIZON + 1), 5),
    ],
)
def test_mixture_weighs_the_paths_by_the_chance_of_their_length(demand, pmf):
    interval = demand.mixture(pmf)
    paths = all_paths(demand)
    chances = np.broadcast_to(np.atleast_2d(pmf), (5, pmf.shape[-1]))
    for x in (-1.0, 0.0, 4.0, 60.0):
        below = (paths <= x + 1e-9).mean(axis=1)[:, : chances.shape[1]]
        excess = np.maximum(paths - x, 0).mean(axis=1)[:, : chances.shape[1]]
        assert interval.cdf(x) == pytest.approx((chances * below).sum(axis=1))
        assert interval.loss(x) == pytest.approx((chances * excess).sum(axis=1))
    for p in (0.01, 0.1, 0.5, 0.77, 0.95, 1.0):
        for i, quantile in enumerate(interval.quantile(p)):
            atoms = paths[i, :, : chances.shape[1]].ravel()
            weights = np.tile(chances[i] / paths.shape[1], paths.shape[1])
            order = np.argsort(atoms, kind="stable")
            reached = np.cumsum(weights[order]) >= p - 1e-12
            expected = atoms[order][min(int(reached.argmax()), len(atoms) - 1)]
            assert quantile == pytest.approx(expected, abs=1e-9)


def test_a_quantile_is_the_smallest_demand_that_reaches_its_level(demand):
    interval = demand.mixture([0.2, 0.3, 0.5])
    for p in (0.3, 0.6, 0.95):
        x = interval.quantile(p)
        assert (interval.cdf(x) >= p - 1e-12).all()
        assert (interval.cdf(np.nextafter(x, -np.inf)) < p).all()


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_demand_over_more_days_is_never_less(demand, p):
    view = demand.quantiles([p])[demand.is_nonnegative]
    assert (np.diff(view, axis=1) >= 0).all()
    found = np.array([demand.quantile(p, h) for h in range(HORIZON + 1)])
    assert (np.diff(found[:, demand.is_nonnegative], axis=0) >= 0).all()
    for x in (0.0, 3.0, 40.0):
        cdf = np.array([demand.cdf(x, h) for h in range(HORIZON + 1)])[:, demand.is_nonnegative]
        loss = np.array([demand.loss(x, h) for h in range(HORIZON + 1)])[:, demand.is_nonnegative]
        assert (np.diff(cdf, axis=0) <= 0).all()
        assert (np.diff(loss, axis=0) >= -1e-12).all()


def test_views_at_many_levels_agree_with_single_quantiles(demand):
    levels = [0.05, 0.5, 0.9, 0.99]
    view = demand.quantiles(levels)
    for position, p in enumerate(levels):
        for h in (1, 3, HORIZON):
            assert view[:, h - 1, position] == pytest.approx(demand.quantile(p, h), rel=1e-12)
    assert demand.daily_quantiles(levels)[:, 0] == pytest.approx(view[:, 0])


def test_demand_paths_agree_with_the_distribution(demand):
    out = np.empty((50, HORIZON))
    demand_paths(
        demand.mean[1], np.ones(HORIZON), demand.error_scale[1], np.ones(50),
        demand.pool.trajectories[demand.group[1]], out,
    )  # fmt: skip
    np.testing.assert_allclose(out, all_paths(demand)[1, :, 1:])


def test_demand_paths_by_hand():
    # day 1: 2 (3 - 0.5 × 10) = -4; day 2: -4 + 1 (3 + 0.5 × 4) = 1; day 3: 1 + 0 = 1; and
    # day 1: 2 (3 + 0.5 × 2) = 8; day 2: 8 + 1 (3 - 0.5 × 10) = 6, and what was wanted stays wanted
    out = np.empty((2, 3))
    demand_paths(
        np.array([3.0, 3.0, 3.0]),
        np.array([2.0, 1.0, 0.0]),
        0.5,
        np.ones(2),
        np.array([[-10.0, 4.0, 9.0], [2.0, -10.0, 9.0]]),
        out,
    )
    assert out.tolist() == [[0.0, 1.0, 1.0], [8.0, 8.0, 8.0]]
    # a level of twice the mean: day 1: 2 (6 - 5) = 2; day 2: 2 + (6 + 2) = 10
    demand_paths(np.full(3, 3.0), np.array([2.0, 1.0, 0.0]), 0.5, np.full(1, 2.0),
        np.array([[-10.0, 4.0, 9.0]]), out[:1])  # fmt: skip
    assert out[0].tolist() == [2.0, 10.0, 10.0]


def test_bad_intervals_are_refused(demand):
    with pytest.raises(ValueError, match="beyond 6"):
        demand.mixture(np.full(8, 1 / 8))
    with pytest.raises(ValueError, match="sum 1"):
        demand.mixture([0.5, 0.4])
    with pytest.raises(ValueError, match="2 rows for 5 series"):
        demand.mixture(np.full((2, 2), 0.5))
    with pytest.raises(ValueError, match="within 0 and 6"):
        demand.cdf(1.0, 7)
    with pytest.raises(ValueError, match="within 0 and 1"):
        demand.quantile(1.5, 2)


def test_a_pool_of_nothing_is_a_normal_law():
    pool = build_pool(make_fits(np.empty((0, 8, 28))))
    assert pool.trajectories.shape == (1, 400, 28)
    days = np.arange(1, 29)
    assert pool.mean_squares == pytest.approx(days)
    sums = pool.trajectories.sum(axis=2)[0]
    for p in (0.05, 0.5, 0.9, 0.95):
        assert np.quantile(sums, p) == pytest.approx(np.sqrt(28) * stats.norm.ppf(p), abs=0.6)
    assert stats.kstest(sums / np.sqrt(28), "norm").pvalue > 0.2


def test_a_small_pool_fits_its_normal_part_to_the_known_mean_squares():
    # 10 series whose errors grow by 9 a day, known for two days only: no trajectory is complete
    errors = np.full((10, 8, 4), np.nan)
    errors[:, :, 0], errors[:, :, 1] = 3.0, 3.0 * (np.sqrt(2) - 1)
    pool = build_pool(make_fits(errors))
    assert pool.mean_squares == pytest.approx(9.0 * np.arange(1, 5))


def test_known_trajectories_stay_beside_the_normal_ones():
    rng = np.random.default_rng(4)
    errors = rng.normal(0, 1, (20, 8, 5))
    pool = build_pool(make_fits(errors))
    assert pool.trajectories.shape == (1, 400, 5)
    assert pool.mean_squares == pytest.approx(np.arange(1, 6), rel=0.15)


def test_a_large_pool_keeps_the_law_of_the_sum_in_every_group():
    # of 1500 series the third with the lowest ratio has skewed errors, the others normal ones
    rng = np.random.default_rng(5)
    mean = rng.permutation(np.linspace(0.5, 20, 1500))
    is_slow = mean < np.median(mean) - 3.25
    errors = rng.normal(0, 1, (1500, 8, 7))
    errors[is_slow] = rng.gamma(1.0, 1.0, (500, 8, 7)) - 1.0
    pool = build_pool(make_fits(errors, mean))
    assert pool.trajectories.shape == (3, 500, 7)
    assert pool.lower_ratio == pytest.approx([0.5, 7.0, 13.5], abs=0.02)
    assert pool.trajectories.mean(axis=1) == pytest.approx(0.0, abs=1e-12)
    sums = pool.trajectories.sum(axis=2)
    assert stats.skew(sums, axis=1) == pytest.approx([2 / np.sqrt(7), 0.0, 0.0], abs=0.2)
    for p in (0.1, 0.5, 0.9, 0.97):
        skewed = stats.gamma.ppf(p, 7.0) - 7.0
        normal = np.sqrt(7) * stats.norm.ppf(p)
        assert np.quantile(sums, p, axis=1) == pytest.approx([skewed, normal, normal], abs=0.4)


def test_a_pool_does_not_depend_on_the_order_of_its_series():
    rng = np.random.default_rng(6)
    errors = rng.normal(0, 1, (700, 8, 5))
    mean = rng.uniform(1, 9, 700)
    shuffled = rng.permutation(700)
    pool = build_pool(make_fits(errors, mean))
    assert pool.to_table().equals(
        build_pool(make_fits(errors[shuffled], mean[shuffled])).to_table()
    )


def test_volatility_ratio_by_hand():
    # the pool's mean square is 1, the series' 4 at 8 origins: (8 × 4 + 15)/(8 + 15); none at 0
    pool = ErrorPool(np.zeros(1), np.array([[[-1.0], [1.0]]]))
    errors = np.full((3, 8, 1), 2.0)
    errors[1] = np.nan
    errors[2, :4] = np.nan
    _, error_scale = pool.place(make_fits(errors, scale=np.array([3.0, 3.0, 1.0])))
    assert error_scale == pytest.approx([3 * np.sqrt(47 / 23), 3.0, np.sqrt(31 / 19)])


def test_volatility_ratios_are_relative_to_the_pool_that_they_make():
    rng = np.random.default_rng(7)
    own = rng.choice([0.6, 1.0, 1.6], 800)
    cumulative = (own[:, None, None] * rng.normal(0, 1, (800, 8, 5))).cumsum(axis=2)
    ratio = distributions._pool_ratios(cumulative)
    mean_squares = ((cumulative / ratio[:, None, None]) ** 2).mean(axis=(0, 1))
    assert ratio == pytest.approx(
        distributions._volatility_ratio(cumulative, mean_squares), rel=2e-3
    )
    # r² = (8 own²/p + 15)/23 with p the mean of own²/r², which is 1.073
    for volatility, expected in ((0.6, 0.877), (1.0, 0.988), (1.6, 1.218)):
        assert ratio[own == volatility].mean() == pytest.approx(expected, abs=0.025)


def test_series_are_placed_by_mean_over_scale():
    pool = ErrorPool(np.array([1.0, 3.0, 10.0]), np.tile([[-1.0], [1.0]], (3, 1, 2)))
    mean = np.array([0.5, 1.0, 8.0, 8.0, 8.0])
    scale = np.array([1.0, 1.0, 1.0, 0.5, 0.0])
    group, error_scale = pool.place(make_fits(np.full((5, 8, 2), np.nan), mean, scale))
    assert group.tolist() == [0, 0, 1, 2, 2]
    assert error_scale == pytest.approx(scale)


def test_a_pool_serves_its_own_horizon_only():
    pool = build_pool(make_fits(np.empty((0, 8, 3))))
    with pytest.raises(ValueError, match="fits over 4 days meet a pool over 3"):
        pool.place(make_fits(np.zeros((1, 8, 4))))


def test_pool_survives_a_table():
    rng = np.random.default_rng(8)
    pool = build_pool(make_fits(rng.normal(0, 1, (1100, 8, 3)), np.full(1100, 2.0)))
    table = pool.to_table()
    assert table.num_rows == 2 * 500
    again = ErrorPool.from_table(table.take(rng.permutation(table.num_rows)))
    np.testing.assert_array_equal(again.trajectories, pool.trajectories)
    np.testing.assert_array_equal(again.lower_ratio, pool.lower_ratio)
    with pytest.raises(ValueError, match="as many trajectories"):
        ErrorPool.from_table(table.slice(1))
    with pytest.raises(ValueError, match="as many trajectories"):
        ErrorPool.from_table(table.slice(0, 0))


def test_errors_at_past_origins_know_nothing_of_later_days():
    rng = np.random.default_rng(9)
    y = rng.poisson(20, 200).astype(float)
    changed = y.copy()
    changed[-1] += 5
    assert changed.max() == y.max()
    before, after = (
        fit_panel(Panel.from_series([s]), Prior.unlearnt(SeasonalProfile.flat(1)), 14).errors[0]
        for s in (y, changed)
    )
    # of the days, only the last one differs; the floor of the scores moves by a millionth
    moved = ~np.isclose(before, after, rtol=1e-4, equal_nan=True)
    assert np.argwhere(moved).tolist() == [[7, 13]]
    assert (after - before)[7, 13] == pytest.approx(5 / y.std(), rel=0.1)
    assert np.isfinite(before).all()
