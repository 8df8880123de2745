"""Odd days: what is flagged and damped, what is not, and that nothing else learns from one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import f as f_law

from shelfcast.forecasting import Panel, damp_outliers, forecast_arrays, outliers
from shelfcast.forecasting.stockouts import complete_panel

ODD = 5000.0


def damp(*series, explained=None):
    """Return damped values and flags of series, each as a list of arrays."""
    panel = Panel.from_series(series)
    flags = np.zeros(panel.values.size, bool) if explained is None else np.concatenate(explained)
    damped, is_outlier = damp_outliers(panel, flags)
    cuts = panel.offsets[1:-1]
    return np.split(damped, cuts), np.split(is_outlier, cuts)


def tens(days=300, seed=1):
    """Demand of about ten a day."""
    return np.random.default_rng(seed).poisson(10, days).astype(float)


def with_days(values, **days):
    """Put values on days counted from the last one, as `_1=ODD`, the last being `_0`."""
    changed = values.copy()
    for name, value in days.items():
        changed[-1 - int(name[1:])] = value
    return changed


# ---- what is odd --------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [0, 1, 40, 250])
def test_one_odd_day_is_taken_for_the_largest_other_day(day):
    usual = tens()
    sold = with_days(usual, **{f"_{day}": ODD})
    ((damped,), (is_outlier,)) = damp(sold)
    assert np.flatnonzero(is_outlier).tolist() == [sold.size - 1 - day]
    assert damped[-1 - day] == np.delete(sold, -1 - day).max()
    assert np.array_equal(np.delete(damped, -1 - day), np.delete(sold, -1 - day))


def test_the_multiple_is_three_where_all_other_days_are_equal():
    """u = 10 and s = 0: (x + 10) / (10 + 10) > 3 from 50 on."""
    _, (at, above) = damp(
        with_days(np.full(60, 10.0), _5=50), with_days(np.full(60, 10.0), _5=50.1)
    )
    assert not at.any()
    assert above.sum() == 1


def test_the_multiple_is_the_quantile_of_an_f_law():
    sizes = np.concatenate([np.ones(100), 1.07 ** np.arange(1, 21)])
    unit, k, largest = 1.0, outliers.TAIL_DAYS, sizes.max()
    tail = np.log((np.sort(sizes)[::-1][:k] + unit) / (np.sort(sizes)[::-1][k] + unit)).mean()
    quantile = f_law.ppf(1 - outliers.FALSE_ALARM_RATE, 2, 2 * k)
    ratio = np.exp(quantile * tail)
    assert 3 < ratio < 8
    limit = ratio * (largest + unit) - unit
    below, above = (np.append(sizes, [x, 1.0]) for x in (limit - 1e-6, limit + 1e-6))
    _, (is_below, is_above) = damp(below, above)
    assert not is_below.any()
    assert np.flatnonzero(is_above).tolist() == [sizes.size]


def test_a_regular_tail_is_flagged_as_often_as_it_says():
    rng = np.random.default_rng(2)
    # one tiny size makes u next to nothing, so that the tail is that of Pareto
    series = [np.append(rng.pareto(2.5, 200) + 1, [1e-6, 1]) for _ in range(4000)]
    _, flags = damp(*series)
    assert np.mean([one.any() for one in flags]) == pytest.approx(
        outliers.FALSE_ALARM_RATE, abs=0.01
    )


@pytest.mark.parametrize("rate", [0.02, 0.05, 0.3])
def test_an_odd_day_of_a_slow_mover(rate):
    usual = np.random.default_rng(3).binomial(1, rate, 730).astype(float)
    ((damped,), (is_outlier,)) = damp(with_days(usual, _30=1000))
    assert np.flatnonzero(is_outlier).tolist() == [699]
    assert damped[699] == 1


# ---- what is not --------------------------------------------------------------------------------


def test_what_comes_regularly_or_has_a_cause_is_not_odd():
    rng = np.random.default_rng(4)
    bulk = tens(400)
    bulk[15::23] += 200
    lumpy = (rng.random(500) < 0.08) * np.round(np.exp(rng.normal(2, 1, 500)))
    shift = with_days(tens(), **{f"_{day}": 100 + day for day in range(4)})
    christmas = tens()
    christmas[200:210] = [15, 18, 25, 30, 40, 55, 70, 90, 120, 12]
    launch = np.concatenate([np.zeros(40), [200, 30], tens(60)])
    first = np.append(np.zeros(300), 50.0)
    negative = with_days(tens(), _9=-1, _5=ODD)
    short = with_days(tens(13), _2=ODD)
    _, flags = damp(bulk, lumpy, shift, christmas, launch, first, negative, short, tens(), [], [1])
    assert [bool(one.any()) for one in flags] == [False] * 11


def test_a_day_with_a_cause_is_not_odd_and_confirms_others():
    sold = with_days(tens(), _9=900, _40=800)
    cause = np.zeros(300, bool)
    cause[-10] = True
    _, (is_outlier,) = damp(sold, explained=[cause])
    assert not is_outlier.any()


def test_the_last_day_is_odd_until_the_days_after_confirm_it():
    days = with_days(tens(), _2=120, _1=110, _0=130)
    flags = [damp(days[: 298 + more])[1][0] for more in range(3)]
    assert [np.flatnonzero(one).tolist() for one in flags] == [[297], [], []]
    years = np.concatenate([tens(300, 5), days])  # more than a year: one more day
    flags = [damp(years[: 598 + more])[1][0] for more in range(3)]
    assert [np.flatnonzero(one).tolist() for one in flags] == [[597], [597, 598], []]


# ---- as every kernel ----------------------------------------------------------------------------


def test_a_series_does_not_depend_on_its_batch_and_unit():
    rng = np.random.default_rng(6)
    series = [with_days(rng.poisson(rate, 90).astype(float), _8=900) for rate in (0.2, 3, 40)]
    series[1][[3, 70]] = [np.nan, np.inf]
    together, flags = damp(*series)
    for one, damped, flag in zip(series, together, flags, strict=True):
        ((alone,), (also,)) = damp(one)
        assert np.array_equal(damped, alone, equal_nan=True)
        assert np.array_equal(flag, also)
        ((scaled,), (same,)) = damp(one * 2.0**-20)
        assert np.array_equal(scaled * 2.0**20, damped, equal_nan=True)
        assert np.array_equal(flag, same)
        assert np.flatnonzero(flag).tolist() == [81]


# ---- what learns from it ------------------------------------------------------------------------


def test_an_odd_day_does_not_count_as_usual_demand_of_stocked_out_days():
    sales = with_days(np.full(100, 10.0), _0=0, _50=ODD)
    is_censored = np.arange(100) == 99
    completion = complete_panel(Panel.from_series([sales]), is_censored, np.zeros(100, bool))
    assert completion.demand[-1] == completion.damped[-1] == 10
    assert (completion.demand[49], completion.damped[49]) == (ODD, 10)
    # a day on which the stock ran out is completed, not damped
    sold_out = complete_panel(
        Panel.from_series([sales]), is_censored | (sales == ODD), np.zeros(100, bool)
    )
    assert not sold_out.is_outlier.any()


def test_forecast_arrays_damps_unless_told_otherwise():
    """The case of issue 12: 5,000 on one day among 10s made 122 a day."""
    usual = tens(400)
    sold = with_days(usual, _3=ODD)
    special = np.zeros(400, bool)
    special[-4] = True
    damped = forecast_arrays([sold], 35)
    assert np.flatnonzero(damped.is_outlier[0]).tolist() == [396]
    assert damped.mean.mean() == pytest.approx(10, abs=1.5)
    # as if the day had been its largest other day, and nothing of it is left in the spread
    largest = forecast_arrays([with_days(usual, _3=usual.max())], 35)
    assert np.array_equal(damped.mean, largest.mean)
    assert np.array_equal(damped.quantiles, largest.quantiles)
    for as_it_came in (
        forecast_arrays([sold], 35, damp=False),
        forecast_arrays([sold], 35, special=[special]),
    ):
        assert not as_it_came.is_outlier[0].any()
        assert as_it_came.mean.mean() > 20
    with pytest.raises(ValueError, match="400 values have 3 special flags"):
        forecast_arrays([sold], 35, special=[[True] * 3])
    assert forecast_arrays([], 5).is_outlier == []
