"""Completion of stocked-out days."""

import numpy as np
import pytest

from shelfcast.forecasting import complete_stockouts


@pytest.mark.parametrize(
    ("sales", "censored", "demand"),
    [
        ([2, 4, 0, 9], [0, 0, 1, 1], [2, 4, 3, 9]),  # the mean of 2 and 4, or more if sold
        ([2, 4, np.nan, 1], [0, 0, 1, 0], [2, 4, 7 / 3, 1]),  # nothing known of the day
        ([2, np.nan, 1], [0, 0, 1], [2, np.nan, 2]),  # unknown in stock stays unknown
        ([2, 5], [1, 1], [2, 5]),
        ([], [], []),
    ],
)
def test_completion(sales, censored, demand):
    completed = complete_stockouts(sales, np.array(censored, bool))
    np.testing.assert_allclose(completed, demand)


def test_completion_never_falls_below_sales():
    rng = np.random.default_rng(0)
    sales, censored = rng.poisson(3, 200).astype(float), rng.random(200) < 0.3
    completed = complete_stockouts(sales, censored)
    assert (completed >= sales).all()
    np.testing.assert_array_equal(completed[~censored], sales[~censored])


def test_flags_must_match():
    with pytest.raises(ValueError, match="2 values have 1 stock-out flags"):
        complete_stockouts([1.0, 2.0], [True])
