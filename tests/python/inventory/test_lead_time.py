"""The law of a lead time in whole days, from its mean and standard deviation."""

import numpy as np
import pytest
from scipy import stats

from shelfcast.inventory.lead_time import lead_time_pmf, lead_time_pmfs


def moments(pmf):
    lead = np.arange(pmf.size)
    mean = pmf @ lead
    return mean, np.sqrt(pmf @ (lead - mean) ** 2)


@pytest.mark.parametrize(("mean", "sd"), [(7, 2), (7.4, 1), (3, 1.5), (30, 6), (14, 0.8), (2, 1)])
def test_moments_survive_rounding_to_days(mean, sd):
    pmf = lead_time_pmf(mean, sd, 90)
    achieved_mean, achieved_sd = moments(pmf)
    assert pmf.sum() == pytest.approx(1, abs=1e-12)
    assert achieved_mean == pytest.approx(mean, rel=0.01)
    assert achieved_sd == pytest.approx(np.sqrt(sd**2 + 1 / 12), rel=0.03)


def test_each_day_holds_the_gamma_mass_around_it():
    pmf = lead_time_pmf(7, 2, 40)
    law = stats.gamma(a=12.25, scale=4 / 7)
    assert pmf[0] == pytest.approx(law.cdf(0.5))
    assert pmf[7] == pytest.approx(law.cdf(7.5) - law.cdf(6.5))
    assert pmf[12] == pytest.approx(law.cdf(12.5) - law.cdf(11.5))


@pytest.mark.parametrize("sd", [0.0, 1e-5, 0.2])
def test_certain_lead_time_is_split_between_neighbours(sd):
    assert lead_time_pmf(7.3, sd, 10)[6:10] == pytest.approx([0, 0.7, 0.3, 0])


def test_whole_certain_lead_time_is_one_day():
    assert lead_time_pmf(4, 0, 6).tolist() == [0, 0, 0, 0, 1, 0, 0]
    assert lead_time_pmf(0, 2, 2).tolist() == [1, 0, 0]


def test_mass_beyond_the_longest_day_is_put_there():
    assert lead_time_pmf(7, 2, 8)[8] == pytest.approx(stats.gamma(a=12.25, scale=4 / 7).sf(7.5))
    assert lead_time_pmf(12.5, 0, 10)[10] == 1
    assert lead_time_pmf(7, 2, 0).tolist() == [1]


@pytest.mark.parametrize("arguments", [(-1, 0, 5), (1, -1, 5), (1, 1, -1), (np.nan, 1, 5)])
def test_nonsense_is_refused(arguments):
    with pytest.raises(ValueError, match="lead time"):
        lead_time_pmf(*arguments)


def test_laws_of_many_groups_do_not_depend_on_each_other():
    mean, sd = np.array([7.0, 30.0, 7.0]), np.array([2.0, 8.0, 2.0])
    pmfs, rows = lead_time_pmfs(mean, sd)
    alone, _ = lead_time_pmfs(mean[:1], sd[:1])
    assert pmfs.shape[0] == 2
    assert rows[0] == rows[2] != rows[1]
    assert np.array_equal(np.trim_zeros(pmfs[rows[0]], "b"), np.trim_zeros(alone[0], "b"))
