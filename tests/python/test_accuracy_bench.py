"""The accuracy bench: its measures by hand, its splits, and what its page says of a result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.accuracy import metrics, ours
from benchmarks.accuracy.data_sets import RETAIL, SHORT, TINY, DataSet
from benchmarks.accuracy.generators import daily_retail, short_series
from benchmarks.accuracy.report import Result, render, table
from benchmarks.accuracy.scores import (
    MEAN_OF_PEERS,
    METHODS,
    NAIVE,
    OURS,
    Scores,
    difference,
    regret,
    score,
)
from shelfcast.forecasting import forecast_arrays

LEVELS = (0.1, 0.9)


def made_up_set(kind: str = RETAIL, title: str = "Made up", series: int = 6) -> DataSet:
    """Series i is i, i + 1, ... over 12 points; the first is steeper, and not judged."""
    return DataSet(
        title.lower().replace(" ", "_"),
        title,
        kind,
        tuple(np.arange(i, i + 12.0) * (1 if i else 2) for i in range(series)),
        season_length=2,
        horizon=3,
        holdouts=(5, 3),
        sample=tuple(range(1, series)),
        segments=tuple("smooth" if i % 2 else "lumpy" for i in range(series)),
    )


def forecasts_off_by(data_set: DataSet, error: float) -> np.ndarray:
    """Forecast the sample of a set by the truth and an error."""
    sample = list(data_set.sample)
    truth = [data_set.actual(origin)[sample] for origin in range(len(data_set.holdouts))]
    return np.stack(truth, axis=1) + error


# ---- Metrics ------------------------------------------------------------------------------------


def test_wape_and_bias_are_ratios_of_sums() -> None:
    actual, forecast = np.array([[1.0, 2], [3, 4]]), np.array([[2.0, 2], [3, 2]])
    assert metrics.wape(actual, forecast) == pytest.approx(3 / 10)
    assert metrics.bias(actual, forecast) == pytest.approx(-1 / 10)


def test_mape_leaves_out_points_without_demand() -> None:
    assert metrics.mape(np.array([[0.0, 2, 4]]), np.array([[5.0, 1, 4]])) == pytest.approx(0.25)


def test_smape_of_two_zeros_is_zero() -> None:
    assert metrics.smape(np.array([[0.0, 1, 3]]), np.array([[0.0, 3, 1]])) == pytest.approx(2 / 3)


def test_pinball_weighs_the_side_and_is_the_wape_at_the_median() -> None:
    actual = np.array([[10.0]])
    assert metrics.pinball(actual, np.array([[[8.0]]]), [0.9]) == pytest.approx(0.36)
    assert metrics.pinball(actual, np.array([[[12.0]]]), [0.9]) == pytest.approx(0.04)
    assert metrics.pinball(actual, np.array([[[8.0, 8.0]]]), [0.9, 0.5]) == pytest.approx(0.28)
    assert metrics.pinball(actual, np.array([[[8.0]]]), [0.5]) == metrics.wape(
        actual, np.array([[8.0]])
    )


def test_wape_of_a_sum_lets_errors_of_a_series_cancel() -> None:
    actual, forecast = np.array([[1.0, 3, 9], [1, 1, 0]]), np.array([[3.0, 1, 0], [2, 1, 0]])
    assert metrics.wape_of_sum(actual, forecast, 2) == pytest.approx(1 / 6)


def test_scaled_errors_are_in_changes_of_the_history() -> None:
    scale = metrics.squared_scale(np.array([1.0, 3, 1, 1]))
    assert scale == pytest.approx(np.sqrt(8 / 3))
    actual, forecast = np.array([[2.0, 2], [2, 2]]), np.array([[4.0, 6], [2, 3]])
    scales = np.array([scale, 0.0])
    assert metrics.rmsse(actual, forecast, scales) == pytest.approx(
        [np.sqrt(10) / scale, np.nan], nan_ok=True
    )
    assert metrics.mase(actual, forecast, scales) == pytest.approx([3 / scale, np.nan], nan_ok=True)


def test_the_absolute_scale_looks_a_season_back_where_two_are_known() -> None:
    history = np.array([1.0, 2, 3, 5])
    assert metrics.absolute_scale(history, 2) == pytest.approx(2.5)
    assert metrics.absolute_scale(history, 4) == pytest.approx(4 / 3)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([2, 3, 2, 3], "smooth"),
        ([1, 1, 1, 9], "erratic"),
        ([2, 0, 0, 2], "intermittent"),
        ([1, 0, 0, 0, 0, 0, 1, 9], "lumpy"),
        ([0, 0], "no demand"),
    ],
)
def test_demand_classes(history: list[float], expected: str) -> None:
    assert metrics.demand_class(np.array(history, dtype=float)) == expected


# ---- Splits and scores --------------------------------------------------------------------------


def test_an_origin_splits_what_was_known_from_what_followed() -> None:
    data_set = made_up_set()
    assert data_set.training(0)[1].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert data_set.actual(0)[1].tolist() == [8, 9, 10]
    assert data_set.training(1)[1].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert data_set.actual(1)[1].tolist() == [10, 11, 12]


def test_scores_are_means_over_origins_of_the_sample() -> None:
    data_set = made_up_set(series=3)
    scores = score(data_set, {OURS: forecasts_off_by(data_set, -1.0)}, {}, LEVELS)
    first, second = 6 / (8 + 9 + 10 + 9 + 10 + 11), 6 / (10 + 11 + 12 + 11 + 12 + 13)
    assert scores.overall[OURS]["WAPE"] == pytest.approx((first + second) / 2)
    assert scores.overall[OURS]["RMSSE"] == pytest.approx(1.0)
    assert scores.demand == pytest.approx([60, 66])
    assert scores.absolute[OURS] == pytest.approx([6, 6])
    assert scores.segments.tolist() == ["smooth", "lumpy"]


def test_a_difference_has_its_standard_error_over_series() -> None:
    share, standard_error = difference(np.array([1.0, 2]), np.array([2.0, 2]))
    assert share == pytest.approx(-0.25)
    assert standard_error == pytest.approx(0.25)


def test_differences_can_be_those_of_a_segment() -> None:
    data_set = made_up_set()
    ours_made = forecasts_off_by(data_set, 1.0)
    ours_made[0] += 2.0
    made = {OURS: ours_made, MEAN_OF_PEERS: forecasts_off_by(data_set, 2.0)}
    scores = score(data_set, made, {}, LEVELS)
    smooth = scores.segments == "smooth"
    assert scores.wape(OURS, MEAN_OF_PEERS, smooth).share == pytest.approx(5 / 6 - 1)
    assert scores.wape(OURS, MEAN_OF_PEERS, ~smooth).share == pytest.approx(-0.5)
    assert scores.rmsse(OURS, MEAN_OF_PEERS).share == pytest.approx(7 / 10 - 1)


def test_regret_is_against_the_best_of_each_series_and_the_best_of_all() -> None:
    data_set = made_up_set(series=3)
    candidates = np.stack([forecasts_off_by(data_set, 1.0), forecasts_off_by(data_set, 3.0)])
    candidates[1, 0] -= 2.5
    each, one = regret(data_set, forecasts_off_by(data_set, 1.5), candidates)
    assert each == pytest.approx(1.5 / 0.75 - 1)
    assert one == pytest.approx(1.5 / 1.0 - 1)


# ---- Our side -----------------------------------------------------------------------------------


def test_our_forecasts_learn_from_all_series_and_are_judged_on_the_sample() -> None:
    panel = daily_retail(6, 90, seed=1)
    data_set = DataSet(
        "small", "Small", RETAIL, tuple(panel), 7, 14, (21, 14), (1, 4), ("smooth",) * 6
    )
    made = ours.forecast(data_set, LEVELS)
    whole = forecast_arrays(list(panel[:, :69]), 14, 7, LEVELS)
    assert np.array_equal(made.mean[:, 0], whole.mean[[1, 4]])
    assert np.array_equal(made.quantiles[:, 0], whole.quantiles[[1, 4]])
    names, weights = ours.family_weights(data_set)
    assert weights.shape == (2, len(names))
    assert weights.sum(axis=1) == pytest.approx(1.0)
    alone = ours.each_candidate(data_set)
    assert alone.shape[1:] == (2, 2, 14)
    assert (alone >= 0).all()
    assert (alone.min(axis=0) <= made.mean).all()
    assert (alone.max(axis=0) >= made.mean).all()


def test_a_quarter_of_origins_needs_a_year_before_them() -> None:
    long, short = made_up_set(RETAIL, "Shop", series=2), made_up_set(TINY, "Tiny", series=2)
    days = 28 + 12 * 7 + 52 * 7
    whole = replace(long, season_length=7, horizon=28, series=(np.ones(days),) * 2)
    quarter = whole.over_a_quarter()
    assert quarter is not None
    assert quarter.holdouts == tuple(range(112, 27, -7))
    assert replace(whole, series=(np.ones(days - 1), np.ones(days))).over_a_quarter() is None
    assert short.over_a_quarter() is None


def test_generated_series_come_from_their_seed() -> None:
    demand = daily_retail(20, 50, seed=3)
    assert np.array_equal(demand, daily_retail(20, 50, seed=3))
    assert not np.array_equal(demand, daily_retail(20, 50, seed=4))
    assert np.array_equal(demand, np.floor(demand))
    assert (demand >= 0).all()
    series, trends = short_series(30, (8, 19), 12, seed=3)
    again, _ = short_series(30, (8, 19), 12, seed=3)
    assert all(np.array_equal(one, other) for one, other in zip(series, again, strict=True))
    assert {8 <= one.size <= 19 for one in series} == {True}
    assert min(one.min() for one in series) > 0
    assert len(trends) == 30


# ---- Page ---------------------------------------------------------------------------------------


def made_up_result(kind: str, title: str, error: float) -> Result:
    """Our errors are ``error``, all other methods' are 1."""
    data_set = made_up_set(kind, title, series=12)
    forecasts = {method: forecasts_off_by(data_set, 1.0) for method in METHODS if method != OURS}
    forecasts[OURS] = forecasts_off_by(data_set, error)
    scores: Scores = score(data_set, forecasts, {}, LEVELS)
    weights = np.tile([0.999, 0.001], (11, 1))
    regret = (error - 0.9, 0.0)
    quarter = regret if title.startswith("Generated") else None
    return Result(data_set, scores, regret, quarter, ("level", "trend"), weights, failures=2)


def verdicts(retail: float, tiny: float) -> dict[str, str]:
    """Render a page of made-up results; return what is said of each thing asked."""
    results = [
        made_up_result(RETAIL, "Shop", 0.98),
        made_up_result(RETAIL, "Generated, seed 1", 0.9),
        made_up_result(RETAIL, "Generated, seed 2", retail),
        made_up_result(SHORT, "Short, daily", 1.0),
        made_up_result(TINY, "Tiny", tiny),
    ]
    page = render(results, "9.9")
    assert "statsforecast 9.9" in page
    assert "could not make: 10" in page
    assert "everywhere: `trend`." in page
    assert "$" not in page
    section = page.split("## What was asked")[1].split("\n## ")[0]
    lines = [line.split(" | ") for line in section.splitlines() if line.startswith("| ")][2:]
    return {asked.strip("| "): met.strip(" |") for asked, _, met in lines}


def test_the_page_says_what_was_met() -> None:
    said = verdicts(retail=0.9, tiny=1.0)
    assert len(said) == 7
    assert set(said.values()) == {"met"}


def test_the_page_says_what_was_not_met() -> None:
    assert set(verdicts(retail=1.06, tiny=1.02).values()) == {"**not met**"}


def test_a_tie_is_no_loss() -> None:
    said = verdicts(retail=1.005, tiny=1.005)
    lost = [asked for asked, met in said.items() if met == "**not met**"]
    assert [asked.split(",")[0] for asked in lost] == ["Generated: regret at most 3% of the RMSSE"]


def test_a_segment_that_loses_is_listed() -> None:
    page = render(
        [
            made_up_result(RETAIL, "Shop", 1.2),
            made_up_result(RETAIL, "Stall", 0.9),
            made_up_result(TINY, "Tiny", 1.0),
        ],
        "9.9",
    )
    section = page.split("## By segment")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if "| smooth |" in line]
    assert lines[0].endswith("| WAPE, clear; RMSSE, clear |")
    assert lines[1].endswith("|  |")


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [["x", "2"]]) == "| a | b |\n| --- | ---: |\n| x | 2 |"


def test_seasonal_naive_is_the_library_s() -> None:
    made = ours.compare(made_up_set())[NAIVE]
    assert made[0, 0].tolist() == [6, 7, 6]
