"""Series that sell rarely, or are hardly known: no forecast explodes, and totals are those sold."""

from datetime import date

import duckdb
import numpy as np
import pytest
from degenerate_series import degenerate_series
from warehouses import shared

from shelfcast.forecasting import forecast_arrays

DAYS, AHEAD, SKUS = 800, 35, 150
WEEK = 7
MOST_GROWTH = 3.0


def week_of(rate, week, rng):
    """Draw Poisson sales of a rate by weekday."""
    return rng.poisson(rate * np.asarray(week)[np.arange(DAYS + AHEAD) % WEEK])


def intermittent(rng):
    return rng.poisson(np.exp(rng.uniform(-5.5, -0.7)), DAYS + AHEAD)


def lumpy(rng):
    is_sale = rng.random(DAYS + AHEAD) < np.exp(rng.uniform(-5, -2))
    return is_sale * (1 + rng.geometric(rng.uniform(0.1, 0.9), DAYS + AHEAD))


def on_few_weekdays(rng):
    is_open = np.isin(np.arange(WEEK), rng.choice(WEEK, rng.integers(1, 3), replace=False))
    return week_of(np.exp(rng.uniform(-4, -0.5)), is_open, rng)


def with_a_weekend(rng):
    return week_of(np.exp(rng.uniform(-4, -0.7)), [0.6, 0.7, 0.8, 0.9, 1.2, 1.7, 1.1], rng)


def fading(rng):
    age = np.arange(DAYS + AHEAD)
    return rng.poisson(np.exp(rng.uniform(-3, -0.7)) * 0.5 ** (age / rng.uniform(150, 400)))


SHAPES = [intermittent, lumpy, on_few_weekdays, with_a_weekend, fading]


def rare_weekdays(rng, late):
    """One unit on 6 % of the days of one weekday; ``late`` SKUs also sold on the last three days.

    The case of issue 12.
    """
    is_day = np.arange(DAYS) % WEEK == rng.integers(0, WEEK, 300)[:, None]
    sales = is_day * (rng.random((300, DAYS)) < 0.06) * 1.0
    sales[:late, -3:] = 1.0
    return sales


def largest_week(values, days=WEEK):
    """Return the largest sum of ``days`` consecutive known values, or of all if they are fewer."""
    known = values[np.isfinite(values)]
    total = np.r_[0.0, known.cumsum()]
    return (total[days:] - total[:-days]).max() if known.size >= days else total[-1]


def assert_bounded(series, forecasts, days=WEEK):
    """No week ahead sells more than three times the best one known, unless a reason is stated."""
    for i, values in enumerate(series):
        if forecasts.fallback_reason[i] is None and not (values < 0).any():
            ahead = largest_week(forecasts.mean[i], days)
            assert ahead <= MOST_GROWTH * largest_week(values, days) * (1 + 1e-9), i


@pytest.mark.parametrize("seed", [1, 2])
def test_three_sales_in_a_row_do_not_explode(seed):
    series = list(rare_weekdays(np.random.default_rng(seed), late=15))
    forecasts = forecast_arrays(series, AHEAD)
    sold = sum(values[-AHEAD:].sum() for values in series)
    assert 100 <= forecasts.mean.sum() <= 2 * sold
    assert forecasts.mean.sum(axis=1).max() < 20
    assert_bounded(series, forecasts)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_slow_range_is_forecast_to_sell_what_it_sells(shape):
    """By two seeds together, whose sales have a standard deviation of about 3 to 6 %."""
    expected = found = 0.0
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        sales = [shape(rng).astype(float) for _ in range(SKUS)]
        series = [values[:DAYS] for values in sales]
        forecasts = forecast_arrays(series, AHEAD)
        assert_bounded(series, forecasts)
        found += forecasts.mean.sum()
        expected += sum(values[DAYS:].sum() for values in sales)
    assert found == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("season_length", [4, 12])
def test_rare_sales_by_month_and_quarter(season_length):
    rng = np.random.default_rng(season_length)
    series = [
        rng.poisson(4, length) * (rng.random(length) < rng.uniform(0.05, 0.5)) * 1.0
        for length in rng.integers(2 * season_length, 100, 150)
    ]
    forecasts = forecast_arrays(series, season_length, season_length)
    largest = np.array([values.max() for values in series])
    assert (forecasts.mean.max(axis=1) <= 1.5 * largest).all()
    assert_bounded(series, forecasts, season_length)


@pytest.mark.parametrize("season_length", [1, 7, 12])
def test_odd_series_stay_within_what_was_seen(season_length):
    series = degenerate_series()
    gap = [np.nan] * 9
    series["three_far_apart"] = np.array([-16.0, *gap, 16.0, *gap, -15.0])
    series["three"] = np.array([-16.0, 16.0, -15.0])
    kept = {name: y for name, y in series.items() if not np.isinf(y).all()}
    forecasts = forecast_arrays(list(kept.values()), AHEAD, season_length)
    assert_bounded([np.where(np.isinf(y), np.nan, y) for y in kept.values()], forecasts)
    for name, mean in zip(kept, forecasts.mean, strict=True):
        known = kept[name][np.isfinite(kept[name])]
        if known.size > 2:
            width = 1.01 * np.ptp(known) + 1e-9 * np.abs(known).max()  # and a little for seasons
            assert known.min() - width <= mean.min(), name
            assert mean.max() <= known.max() + width, name


@pytest.mark.parametrize("name", ["fresh_retail_sample", "online_retail"])
def test_real_series_stay_within_three_of_their_best_weeks(name):
    path = shared(f"{name}.parquet")
    if name == "fresh_retail_sample":
        rows = duckdb.sql(f"select sale_amount from '{path}' order by store_id, product_id, dt")
        series = list(np.reshape(rows.fetchall(), (-1, 90))[::8].astype(float))
    else:
        start = (date(2010, 12, 1) - date(1970, 1, 1)).days
        rows = duckdb.sql(
            f"""
            select StockCode, datediff('day', date '1970-01-01', InvoiceDate::date), sum(Quantity)
            from '{path}' where Quantity > 0 and UnitPrice > 0 group by all order by all
            """
        ).fetchall()
        sold = {}
        for sku, day, units in rows:
            sold.setdefault(sku, np.zeros(374))[day - start] += units
        series = [np.trim_zeros(values, "f") for values in list(sold.values())[::8]]
    assert_bounded(series, forecast_arrays(series, AHEAD))
