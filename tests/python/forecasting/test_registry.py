"""The registry of fits: what is written is read again, and forecasts follow from it alone."""

from dataclasses import fields, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from degenerate_series import degenerate_series
from plain_forecast import plain_forecast

from shelfcast.forecasting import (
    ErrorPool,
    Panel,
    Prior,
    SeasonalProfile,
    fit_panel,
    forecast_arrays,
    learn_profile,
    nodes,
    teach,
)
from shelfcast.forecasting.candidates import family_names

HORIZON = 9
LAST_DAY = date(2026, 6, 30)
SERIES = {name: y for name, y in degenerate_series().items() if y.size}
"""Every kind but the empty one, which is no row of a table."""

PANEL = Panel.from_series(list(SERIES.values()))


def demand():
    """The series as rows, NaN being null."""
    return pa.table(
        {
            "sku_id": np.repeat(list(SERIES), np.diff(PANEL.offsets)),
            "location_id": ["X"] * PANEL.values.size,
            "demand_on": np.concatenate(
                [np.datetime64(LAST_DAY) + np.arange(1 - y.size, 1) for y in SERIES.values()]
            ),
            "demand_quantity": pa.array(PANEL.values, from_pandas=True),
        }
    )


def learnt(season_length):
    return teach(PANEL, season_length, HORIZON)


def unlearnt(season_length):
    """The whole grid, so that every family has weight somewhere."""
    return Prior.unlearnt(learn_profile(PANEL, season_length))


def kept(prior, is_kept):
    """A prior that keeps other candidates."""
    return replace(prior, grid=prior.grid.part(is_kept), weights=prior.weights[:, is_kept])


def fit(prior):
    return nodes.fit_series(demand(), prior=prior, horizon=HORIZON)


def forecast(fits, prior, as_of=LAST_DAY):
    pool = ErrorPool.from_table(nodes.pool_errors(fits, prior=prior, horizon=HORIZON))
    return nodes.forecast_series(fits, prior=prior, pool=pool, as_of=as_of)


def rows_of(priors):
    """Candidates by their number."""
    return {row["candidate_number"]: row for row in priors.to_pylist()}


@pytest.mark.parametrize("learn", [learnt, unlearnt])
@pytest.mark.parametrize("season_length", [1, 4, 7])
def test_fits_survive_their_table(learn, season_length):
    prior = learn(season_length)
    found = nodes._read_fits(fit(prior), prior, HORIZON)
    expected = fit_panel(PANEL, prior, HORIZON)
    # candidates without weight are not registered
    states, has_weight = expected.states, expected.states.weights > 0
    states = replace(
        states,
        scores=np.where(has_weight, states.scores, 0.0),
        states=np.where(has_weight[:, None], states.states, 0.0),
        seasons=np.where(has_weight[:, None, prior.grid.has_seasons], states.seasons, 0.0),
    )
    pairs = ((found.states, states), (found.evidence, expected.evidence), (found, expected))
    for one, other in pairs:
        names = {field.name for field in fields(one)} - {"states", "evidence"}
        for name in sorted(names):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    np.testing.assert_array_equal(found.states.states, states.states)
    assert found.states.weights.any(axis=0).all() or learn is learnt


@pytest.mark.parametrize("season_length", [1, 7])
def test_forecasts_from_the_registry_are_those_of_the_public_function(season_length):
    prior = learnt(season_length)
    levels = tuple(nodes.FORECAST_PROBABILITIES.values())
    rows = forecast(fit(prior), prior)
    expected = forecast_arrays(list(SERIES.values()), HORIZON, season_length, levels, damp=False)
    np.testing.assert_array_equal(rows["forecast_quantity"], expected.mean.ravel())
    for position, name in enumerate(nodes.FORECAST_PROBABILITIES):
        np.testing.assert_array_equal(rows[name], expected.quantiles[:, :, position].ravel())


@pytest.mark.parametrize("age", [0, 4])
@pytest.mark.parametrize("season_length", [1, 7])
def test_forecasts_follow_from_the_registry_by_hand(season_length, age):
    prior = unlearnt(season_length)
    fits, priors = fit(prior), rows_of(prior.to_table())
    rows = forecast(fits, prior, LAST_DAY + timedelta(age))["forecast_quantity"].to_pylist()
    used = set()
    for position, row in enumerate(fits.to_pylist()):
        expected = plain_forecast(row, priors, HORIZON + age)[age:]
        found = rows[position * HORIZON : (position + 1) * HORIZON]
        slack = 1e-9 * max(map(abs, expected))
        assert found == pytest.approx(expected, rel=1e-9, abs=slack), row["sku_id"]
        used |= {priors[number]["family"] for number in row["candidates"]}
    assert used == set(family_names(season_length))


@pytest.mark.slow
def test_a_warehouse_s_forecasts_follow_from_its_tables(sample):
    with sample.connect(read_only=True) as connection:
        priors = rows_of(connection.sql("from silver.py_forecast_priors").to_arrow_table())
        fits = connection.sql(
            "from silver.py_forecast_fits where observations >= 200 "
            "order by sku_id, location_id limit 60"
        ).to_arrow_table()
        found = connection.sql(
            """
            select sku_id, location_id, list(forecast_quantity order by lead_day)
            from silver.py_demand_forecasts group by all
            """
        ).fetchall()
    forecasts = {(sku, location): quantities for sku, location, quantities in found}
    for row in fits.to_pylist():
        quantities = forecasts[row["sku_id"], row["location_id"]]
        assert quantities == pytest.approx(plain_forecast(row, priors, len(quantities)), rel=1e-9)


def test_a_fallback_is_read_with_any_prior():
    """After a fit, fallbacks of the night before are still there."""
    fallbacks = nodes.fall_back_series(demand(), prior=learnt(7), horizon=HORIZON)
    prior = unlearnt(7)
    few = kept(prior, prior.grid.number == 0)
    found, expected = (nodes._read_fits(fallbacks, one, HORIZON).states for one in (few, prior))
    np.testing.assert_array_equal(found.fallback_mean, expected.fallback_mean)
    assert (found.forecast(few.grid, 3) == found.fallback_mean[:, None]).all()


def test_fits_of_other_candidates_are_refused():
    prior = unlearnt(7)
    fits = fit(prior)
    other = kept(prior, prior.grid.number > 0)
    with pytest.raises(ValueError, match=r"other candidates than .* keeps; build all"):
        forecast(fits, other)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"version": "0.0.1"}, r"by version 0\.0\.1, and this is \d"),
        ({"errors": [0.0] * 40}, "over 5 days, and the horizon has 9"),
        ({"additive_indices": [0.0] * 4}, "with a season of 4 days, and now it has 7"),
    ],
)
def test_fits_of_another_kind_are_refused(changes, fault):
    prior = learnt(7)
    fits = fit(prior)
    for name, value in changes.items():
        column = fits[name].to_pylist()
        column[3] = value
        position = fits.schema.get_field_index(name)
        fits = fits.set_column(position, fits.schema.field(name), pa.array(column))
    with pytest.raises(ValueError, match=fault + r".*build all anew: dbt build"):
        forecast(fits, prior)


def test_a_prior_survives_its_table():
    prior = learnt(7)
    table = prior.to_table()
    assert table.schema == nodes.PRIOR_SCHEMA
    shuffled = table.take(np.random.default_rng(1).permutation(table.num_rows))
    again = Prior.from_table(shuffled, prior.profile)
    for one, other in zip(again.grid, prior.grid, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(again.weights, prior.weights)
    assert 0 < prior.grid.size < table.num_rows
    assert sum(table["prior_weight"].to_pylist()) <= 1 + 1e-9


@pytest.mark.parametrize("name", ["alpha", "beta", "phi", "gamma", "theta", "candidate_number"])
def test_a_prior_of_another_version_is_refused(name):
    prior = learnt(7)
    table = prior.to_table()
    values = table[name].to_numpy().copy()
    values[5] += 1
    position = table.schema.get_field_index(name)
    other = table.set_column(position, table.schema.field(name), pa.array(values))
    for priors in (other, table.slice(1)):
        with pytest.raises(ValueError, match="another version's candidates; build all anew: dbt"):
            Prior.from_table(priors, prior.profile)


def test_tables_without_a_column_of_today_are_refused():
    prior = learnt(7)
    fits, pilots, profile = fit(prior), prior.to_table(), prior.profile.to_table()
    anew = ": another version of shelfcast has made it; build all anew: dbt build"
    with pytest.raises(ValueError, match="py_forecast_fits has no column version" + anew):
        forecast(fits.drop_columns("version"), prior)
    with pytest.raises(ValueError, match="py_forecast_priors has no column family" + anew):
        Prior.from_table(pilots.drop_columns("family"), prior.profile)
    with pytest.raises(ValueError, match="py_seasonal_profiles has no column season_phase" + anew):
        SeasonalProfile.from_table(profile.drop_columns("season_phase"))
