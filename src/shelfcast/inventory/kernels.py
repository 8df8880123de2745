"""Stock, risk and orders from demand paths: the recursions behind the tables of this package.

A demand path is one way the coming days may go: cumulative demand by each day, from the forecast
and one trajectory of errors. Paths of a group are equally likely. Supply through day d is what is
on hand at the as-of day plus the receipts of days 1 to d. Unmet demand is lost, so that

    lost by day d  = max over j <= d of (demand_j - supply_j)+
    stock at day d = supply_d - demand_d + lost_d, never negative.

Every result of a group is computed from its own rows alone, in a fixed order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shelfcast.compiled import kernel
from shelfcast.forecasting.intervals import demand_paths, level_factors, select

FloatArray = NDArray[np.float64]
IntegerArray = NDArray[np.int64]
BooleanArray = NDArray[np.bool_]

ROUNDING = 1e-9
"""Differences that are noise of floating point: in units, packs and probability."""

NONE, MINIMUM_ORDER, PACK_SIZE, SHELF_LIFE, MINIMUM_EXCEEDS_SHELF_LIFE = range(5)
END_OF_SALE, MINIMUM_EXCEEDS_END_OF_SALE = SHELF_LIFE + 2, MINIMUM_EXCEEDS_SHELF_LIFE + 2
"""Which constraint decided an order quantity."""

EARLY_STOCKOUT_PROBABILITY = 0.1
"""Probability of a stock-out that ``stockout_on_p10`` and ``order_by_on`` go by."""

NO_END_OF_SALE = 1_000_000
"""Last day on sale of what is sold without an end."""

UNDERSHOOT_POINTS = 16
"""Equally likely values that stand for the law of the undershoot."""

DAYS_PER_WEEK = 7

LARGE_SAMPLE, BRACKET_SAMPLE, BRACKET = 2_000, 250, 0.04
"""From how many values a sample, of how many, brackets a quantile, by how much either way."""


@kernel
def _draw(
    forecast: FloatArray,
    factor: FloatArray,
    error_scale: float,
    level_variation: float,
    trajectories: FloatArray,
    level_table: FloatArray,
    expected: FloatArray,
    paths: FloatArray,
) -> None:
    """Fill cumulative expected demand, shape (days,), and demand paths, shape (days, paths).

    No demand is drawn where none is expected.
    """
    total = 0.0
    for day in range(expected.size):
        total += factor[day] * forecast[day]
        expected[day] = total
    level = np.empty(paths.shape[1])
    level_factors(level_variation, level_table, level)
    demand_paths(forecast, factor, error_scale if total > 0 else 0.0, level, trajectories, paths.T)


@kernel
def weighted_quantile(values: FloatArray, weights: FloatArray, level: float) -> float:
    """Return the smallest value up to which the weights reach ``level``.

    Where all weights together fall short, the largest value. Of many values, a sample brackets the
    quantile, and only those in the bracket are put in order; should the quantile lie outside after
    all, every value is.

    Parameters
    ----------
    values, weights
        Sample and its weights, shape (values,); may be reordered.
    level
        Weight to reach.
    """
    if values.size < LARGE_SAMPLE:
        return _partitioned_quantile(values, weights, level)
    step = values.size // BRACKET_SAMPLE
    sample, sample_weights = values[::step].copy(), weights[::step].copy()
    share = level / weights.sum()
    sample_weight = sample_weights.sum()
    lowest = _partitioned_quantile(sample, sample_weights, (share - BRACKET) * sample_weight)
    highest = _partitioned_quantile(sample, sample_weights, (share + BRACKET) * sample_weight)
    inside, inside_weights = np.empty(values.size), np.empty(values.size)
    count = 0
    weight_below, weight_inside = 0.0, 0.0
    for at in range(values.size):
        value, weight = values[at], weights[at]
        is_below = value < lowest
        is_inside = (value >= lowest) & (value <= highest)
        weight_below += weight * is_below
        weight_inside += weight * is_inside
        inside[count] = value
        inside_weights[count] = weight
        count += is_inside
    if weight_below < level - ROUNDING <= weight_below + weight_inside:
        return _partitioned_quantile(inside[:count], inside_weights[:count], level - weight_below)
    return _partitioned_quantile(values, weights, level)


@kernel
def _partitioned_quantile(values: FloatArray, weights: FloatArray, level: float) -> float:
    """Do the work of :func:`weighted_quantile` by partitioning all values; reorders them."""
    low, high = 0, values.size - 1
    while low < high:
        pivot = values[(low + high) // 2]
        smaller, weight_smaller = low, 0.0
        for at in range(low, high + 1):
            value, weight = values[at], weights[at]
            values[at], weights[at] = values[smaller], weights[smaller]
            values[smaller], weights[smaller] = value, weight
            is_smaller = value < pivot
            weight_smaller += weight * is_smaller
            smaller += is_smaller
        if smaller > low and level <= weight_smaller + ROUNDING:
            high = smaller - 1
            continue
        greater, weight_equal = smaller, 0.0
        for at in range(smaller, high + 1):
            value, weight = values[at], weights[at]
            values[at], weights[at] = values[greater], weights[greater]
            values[greater], weights[greater] = value, weight
            is_equal = value <= pivot
            weight_equal += weight * is_equal
            greater += is_equal
        if greater > high or level <= weight_smaller + weight_equal + ROUNDING:
            low = high = smaller
        else:
            level -= weight_smaller + weight_equal
            low = greater
    quantile: float = values[low]
    return quantile


@kernel
def project_groups(
    offsets: IntegerArray,
    forecast: FloatArray,
    factor: FloatArray,
    receipts: FloatArray,
    stock_on_hand: FloatArray,
    error_scale: FloatArray,
    level_variation: FloatArray,
    calibration_group: IntegerArray,
    trajectories: FloatArray,
    level_table: FloatArray,
    stock: FloatArray,
    probability: FloatArray,
    lost: FloatArray,
) -> None:
    """Project the closing stock of every day.

    Parameters
    ----------
    offsets
        First row of each group and the number of rows, shape (groups + 1,).
    forecast, factor, receipts
        Units, multiplier and units of each day, shape (rows,).
    stock_on_hand, error_scale, level_variation, calibration_group
        Units (NaN: no record), units, coefficient of variation of the level and row of
        ``trajectories``, shape (groups,).
    trajectories
        Standardised daily errors, shape (calibration groups, paths, days).
    level_table
        Levels of the paths relative to their mean, shape (variations, paths).
    stock, probability, lost
        Filled: mean, P10, P50 and P90 of stock, shape (4, rows); probability of a stock-out so far
        and expected units lost so far, shape (rows,). NaN where there is no stock record.
    """
    path_count = trajectories.shape[1]
    longest = 0
    for group in range(offsets.size - 1):
        longest = max(longest, offsets[group + 1] - offsets[group])
    expected_buffer = np.empty(longest)
    path_buffer = np.empty(path_count * longest)
    lost_so_far = np.empty(path_count)
    closing = np.empty(path_count)
    ranks = (
        _rank(0.1, path_count),
        _rank(0.5, path_count),
        _rank(0.9, path_count),
    )
    for group in range(offsets.size - 1):
        start, end = offsets[group], offsets[group + 1]
        if np.isnan(stock_on_hand[group]):
            stock[:, start:end] = np.nan
            probability[start:end] = np.nan
            lost[start:end] = np.nan
            continue
        days = end - start
        paths = path_buffer[: path_count * days].reshape(days, path_count)
        _draw(
            forecast[start:end],
            factor[start:end],
            error_scale[group],
            level_variation[group],
            trajectories[calibration_group[group]],
            level_table,
            expected_buffer[:days],
            paths,
        )
        supply = max(0.0, stock_on_hand[group])
        lost_so_far[:] = 0.0
        for day in range(days):
            row = start + day
            supply += receipts[row]
            probability[row], lost[row] = _lose(paths[day], supply, lost_so_far)
            for path in range(path_count):
                closing[path] = supply - paths[day, path] + lost_so_far[path]
            stock[0, row] = closing.mean()
            stock[2, row] = select(closing, 0, path_count - 1, ranks[1])
            stock[1, row] = select(closing, 0, ranks[1], ranks[0])
            stock[3, row] = select(closing, ranks[1], path_count - 1, ranks[2])


@kernel
def _lose(demand: FloatArray, supply: float, lost_so_far: FloatArray) -> tuple[float, float]:
    """Carry what every path lost so far on to one more day.

    Parameters
    ----------
    demand, lost_so_far
        Cumulative demand through the day and units lost before it, shape (paths,); the latter is
        updated.
    supply
        Units supplied through the day.

    Returns
    -------
    Share of the paths that ran out so far, and mean units lost so far.
    """
    ran_out = 0
    for path in range(demand.size):
        lost_so_far[path] = max(lost_so_far[path], demand[path] - supply)
        ran_out += lost_so_far[path] > ROUNDING
    return ran_out / demand.size, lost_so_far.mean()


@kernel
def _rank(level: float, count: int) -> int:
    """Return the place, from 0, of the smallest value up to which a share ``level`` lies."""
    return max(0, int(np.ceil(level * count - ROUNDING)) - 1)


@kernel
def tag_groups(
    offsets: IntegerArray,
    demand: FloatArray,
    probability: FloatArray,
    stock_on_hand: FloatArray,
    total: FloatArray,
    days: IntegerArray,
) -> None:
    """Work out the dates behind the risk tag of every group.

    Parameters
    ----------
    offsets
        First row of each group and the number of rows, shape (groups + 1,).
    demand, probability
        Expected units of the day and probability of a stock-out so far, shape (rows,).
    stock_on_hand
        Units (NaN: no record), shape (groups,).
    total
        Filled with the expected demand over the horizon, shape (groups,).
    days
        Filled, shape (3, groups): days of cover, first day by which the probability passes 0.5 and
        0.1; -1 where there is none.
    """
    for group in range(offsets.size - 1):
        start, end = offsets[group], offsets[group + 1]
        expected = np.cumsum(demand[start:end])
        total[group] = expected[-1]
        days[:, group] = -1
        if np.isnan(stock_on_hand[group]):
            continue
        days[0, group] = 0
        for day in range(expected.size):
            if expected[day] <= stock_on_hand[group] * (1 + ROUNDING):
                days[0, group] = day + 1
        for day in range(end - start - 1, -1, -1):
            if probability[start + day] > 0.5:
                days[1, group] = day + 1
            if probability[start + day] > EARLY_STOCKOUT_PROBABILITY:
                days[2, group] = day + 1


@kernel
def _growth(day: int, horizon: int, last_sale_day: int) -> float:
    """Return by how much demand over the horizon grows until a later day.

    It goes on at its mean pace over the horizon, up to the last day on sale.
    """
    return min(day, max(last_sale_day, horizon)) / horizon


@kernel
def _through(cumulative: FloatArray, day: int, last_sale_day: int) -> float:
    """Return a cumulative quantity by ``day``, beyond the horizon as :func:`_growth` says."""
    if day <= 0:
        return 0.0
    horizon = cumulative.size
    quantity: float = cumulative[min(day, horizon) - 1]
    return quantity if day <= horizon else quantity * _growth(day, horizon, last_sale_day)


@kernel
def _paths_through(paths: FloatArray, day: int, last_sale_day: int) -> FloatArray:
    """Return cumulative demand of every path by ``day`` >= 1, shape (paths,)."""
    horizon = paths.shape[0]
    last = paths[min(day, horizon) - 1]
    through: FloatArray = last if day <= horizon else last * _growth(day, horizon, last_sale_day)
    return through


@kernel
def _interval_demand(
    paths: FloatArray, pmf: FloatArray, extra_days: int, last_sale_day: int
) -> tuple[FloatArray, FloatArray]:
    """Return demand over lead time and ``extra_days`` as values with weights that sum to 1."""
    path_count = paths.shape[1]
    count = 0
    for lead in range(pmf.size):
        if pmf[lead] > 0.0:
            count += path_count
    values, weights = np.zeros(count), np.empty(count)
    filled = 0
    for lead in range(pmf.size):
        if pmf[lead] == 0.0:
            continue
        last = filled + path_count
        weights[filled:last] = pmf[lead] / path_count
        if lead + extra_days > 0:
            values[filled:last] = _paths_through(paths, lead + extra_days, last_sale_day)
        filled = last
    return values, weights


@kernel
def order_up_to(
    paths: FloatArray,
    pmf: FloatArray,
    extra_days: int,
    level: float,
    last_sale_day: int = NO_END_OF_SALE,
) -> float:
    """Return the smallest S with ``sum over l of P(L = l) P(D_(l + E) <= S) >= level``.

    Parameters
    ----------
    paths
        Cumulative demand in units, shape (days, paths); beyond the last day each path goes on at
        its own mean pace, up to the last day on sale.
    pmf
        Law of the lead time L, shape (days,).
    extra_days, level
        Days E that are covered beyond the lead time, which are the days to the order and the
        review period; and cycle service level.
    last_sale_day
        Last day on sale.

    Returns
    -------
    Units.
    """
    values, weights = _interval_demand(paths, pmf, extra_days, last_sale_day)
    return weighted_quantile(values, weights, level)


@kernel
def undershoot_points(paths: FloatArray) -> FloatArray:
    """Return equally likely values of how far the position falls below the reorder point.

    Seen once a day, the position passes the point somewhere within a day's demand X, so that the
    undershoot U has the law of its residual life, ``P(U <= u) = E[min(X, u)] / E[X]``. Every path
    lends the demand of one day of the first week, in turn, so that a closed day does not stand for
    all. The points are the quantiles at (k - 1/2) / 16.

    Parameters
    ----------
    paths
        Cumulative demand in units, shape (days, paths).

    Returns
    -------
    Units in increasing order, shape (16,); all 0 where no demand is drawn.
    """
    horizon, path_count = paths.shape
    week = min(DAYS_PER_WEEK, horizon)
    demand = np.empty(path_count)
    for path in range(path_count):
        day = path % week
        before = paths[day - 1, path] if day > 0 else 0.0
        demand[path] = max(0.0, paths[day, path] - before)
    demand.sort()
    points = np.zeros(UNDERSHOOT_POINTS)
    total = demand.sum()
    if total <= 0.0:
        return points
    passed = 0
    below = 0.0
    for point in range(UNDERSHOOT_POINTS):
        target = total * (point + 0.5) / UNDERSHOOT_POINTS
        while passed < path_count - 1 and (below + demand[passed] * (path_count - passed) < target):
            below += demand[passed]
            passed += 1
        points[point] = min((target - below) / (path_count - passed), demand[passed])
    return points


@kernel
def reorder_point(
    paths: FloatArray, pmf: FloatArray, level: float, last_sale_day: int = NO_END_OF_SALE
) -> float:
    """Return the smallest s with ``P(D_L + U <= s) >= level``, U the undershoot of daily review.

    It lies between the quantile of ``D_L`` plus the least and plus the greatest undershoot; only
    sums between the two are put in order.

    Parameters and return value as for :func:`order_up_to`.
    """
    values, weights = _interval_demand(paths, pmf, 0, last_sale_day)
    quantile = weighted_quantile(values, weights, level)
    undershoots = undershoot_points(paths)
    least, greatest = undershoots[0], undershoots[-1]
    low, high = quantile + least, quantile + greatest
    undecided = 0
    for value in values:
        if value + greatest >= low and value + least <= high:
            undecided += UNDERSHOOT_POINTS
    sums, shares = np.empty(undecided), np.empty(undecided)
    kept = 0
    below = 0.0
    for at in range(values.size):
        if values[at] + greatest < low:
            below += weights[at]
        elif values[at] + least <= high:
            share = weights[at] / UNDERSHOOT_POINTS
            for undershoot in undershoots:
                reached = values[at] + undershoot
                below += share * (reached < low)
                sums[kept] = reached
                shares[kept] = share
                kept += (reached >= low) & (reached <= high)
    return weighted_quantile(sums[:kept], shares[:kept], level - below)


@kernel
def constrain_order(need: float, minimum: float, pack: float, most: float) -> tuple[float, int]:
    """Turn a need into a quantity that the supplier accepts and that can be sold in time.

    Raised to the minimum order, then rounded up to whole packs. Where that exceeds ``most``, as
    many whole packs as ``most`` holds, or nothing if they are fewer than the minimum order.

    Parameters
    ----------
    need, minimum, pack, most
        Units needed; least accepted; in a pack (0: any quantity); that can be sold in time.

    Returns
    -------
    Units to order, and which constraint decided.
    """
    if need < ROUNDING:
        return 0.0, NONE
    wanted = max(need, minimum)
    packed = np.ceil(wanted / pack - ROUNDING) * pack if pack > 0 else wanted
    if packed <= most + ROUNDING:
        if wanted > need + ROUNDING:
            return packed, MINIMUM_ORDER
        return packed, PACK_SIZE if packed > wanted + ROUNDING else NONE
    sellable = max(0.0, most)
    fitting = np.floor(sellable / pack + ROUNDING) * pack if pack > 0 else sellable
    if fitting < minimum - ROUNDING:
        return 0.0, MINIMUM_EXCEEDS_SHELF_LIFE
    return fitting, SHELF_LIFE


@kernel
def shortages(
    paths: FloatArray,
    supply: FloatArray,
    pmf: FloatArray,
    days_to_order: int,
    review_days: int,
    last_sale_day: int,
) -> tuple[FloatArray, FloatArray]:
    """Return what an order must bring, as values with weights that sum to 1.

    With a lead time of l days, an order is on the shelf on day f = t0 + l + 1 and must last to day
    e = t0 + R + l, the eve of the next order's first day. A path wants of it

        max over f <= d <= e of (demand_d - supply_d) - lost by day f - 1,

    where supply is without the order: what comes late in the interval serves no day before, and
    what was wanted in vain before the order came is lost.

    Parameters
    ----------
    paths
        Cumulative demand in units, shape (days, paths).
    supply
        Cumulative supply in units, shape (days,): on hand, and receipts on their days.
    pmf
        Law of the lead time, shape (days,).
    days_to_order, review_days, last_sale_day
        Days t0 to the order, R from it to the next one, and last day on sale.
    """
    horizon, path_count = paths.shape
    count = 0
    for lead in range(pmf.size):
        if pmf[lead] > 0.0:
            count += path_count
    values, weights = np.full(count, -np.inf), np.empty(count)
    lost = np.zeros(path_count)
    filled = 0
    for lead in range(pmf.size):
        before = days_to_order + lead
        first = 1 if lead == 0 else before
        for day in range(first, before + 1):
            demand = _paths_through(paths, day, last_sale_day)
            _lose(demand, supply[min(day, horizon) - 1], lost)
        if pmf[lead] == 0.0:
            continue
        last = filled + path_count
        weights[filled:last] = pmf[lead] / path_count
        for day in range(before + 1, before + review_days + 1):
            demand = _paths_through(paths, day, last_sale_day)
            supplied = supply[min(day, horizon) - 1]
            for path in range(path_count):
                short = demand[path] - supplied - lost[path]
                values[filled + path] = max(values[filled + path], short)
        filled = last
    return values, weights


@kernel
def _run_out(
    paths: FloatArray, supply: FloatArray, last_day: int, last_sale_day: int
) -> tuple[FloatArray, FloatArray]:
    """Return the probability of a stock-out and the mean units lost by days 0 to ``last_day``."""
    probability, lost = np.zeros(last_day + 1), np.zeros(last_day + 1)
    lost_so_far = np.zeros(paths.shape[1])
    for day in range(1, last_day + 1):
        demand = _paths_through(paths, day, last_sale_day)
        supplied = supply[min(day, supply.size) - 1]
        probability[day], lost[day] = _lose(demand, supplied, lost_so_far)
    return probability, lost


@kernel
def _over_lead_time(pmf: FloatArray, extra_days: int, values: FloatArray) -> float:
    """Return the mean of ``values[L + extra_days]`` over the law of the lead time L."""
    mean = 0.0
    for lead in range(pmf.size):
        if pmf[lead] > 0.0:
            mean += pmf[lead] * values[lead + extra_days]
    return mean


@kernel
def _sellable(
    expected: FloatArray,
    stock_on_hand: float,
    receipts: FloatArray,
    arrival: int,
    last: int,
    last_sale_day: int,
) -> float:
    """Return what sells of an order received on day ``arrival``, by day ``last``.

    It is the demand expected after the arrival, less what stock and receipts without the order
    leave for it. What is wanted while the shelf is empty is lost.
    """
    horizon = expected.size
    left = stock_on_hand
    before = 0.0
    for day in range(min(arrival, horizon)):
        left = max(0.0, left + receipts[day] - (expected[day] - before))
        before = expected[day]
    by_arrival = _through(expected, arrival, last_sale_day)
    left = max(0.0, left - max(0.0, by_arrival - before))
    left += receipts[min(arrival, horizon) : max(min(last, horizon), 0)].sum()
    sellable: float = max(0.0, _through(expected, last, last_sale_day) - by_arrival) - left
    return sellable


@kernel
def _last_day_before_receipt(expected: FloatArray, supply: FloatArray, last_day: int) -> int:
    """Return the day before a receipt, up to ``last_day``, by whose close most is wanting."""
    found = -1
    for day in range(1, min(last_day, supply.size)):
        if supply[day] <= supply[day - 1]:
            continue
        short = expected[day - 1] - supply[day - 1]
        if found < 0 or short > expected[found - 1] - supply[found - 1]:
            found = day
    return found


@kernel
def plan_groups(
    offsets: IntegerArray,
    forecast: FloatArray,
    factor: FloatArray,
    receipts: FloatArray,
    is_order_day: BooleanArray,
    stock_on_hand: FloatArray,
    error_scale: FloatArray,
    level_variation: FloatArray,
    calibration_group: IntegerArray,
    trajectories: FloatArray,
    level_table: FloatArray,
    pmfs: FloatArray,
    pmf_row: IntegerArray,
    mean_lead_days: FloatArray,
    days_to_order: IntegerArray,
    review_days: IntegerArray,
    last_sale_day: IntegerArray,
    level: FloatArray,
    is_whole_unit: BooleanArray,
    pack: FloatArray,
    minimum: FloatArray,
    shelf_life_days: FloatArray,
    amounts: FloatArray,
    days_and_reason: IntegerArray,
) -> None:
    """Plan the next order of every group under periodic review.

    Parameters
    ----------
    offsets, forecast, factor, receipts, stock_on_hand, error_scale, level_variation
    calibration_group, trajectories, level_table
        As for :func:`project_groups`.
    is_order_day
        Whether an order can be placed on the day, shape (rows,).
    pmfs, pmf_row
        Laws of lead time, shape (laws, days), and each group's row, shape (groups,).
    mean_lead_days, days_to_order, review_days, last_sale_day, shelf_life_days
        Days, shape (groups,): mean lead time; from today to the order, and from it to the next
        one; last day on sale; shelf life, NaN where there is none.
    level, is_whole_unit, pack, minimum
        Cycle service level, whether S and s are whole, units of a pack and of the minimum order,
        shape (groups,).
    amounts
        Filled, shape (12, groups). Units: on order within the protection interval, expected demand
        over it, order-up-to level, reorder point, recommended order, most that can be sold in time
        (infinite without an end), needed before constraints, wanted by the day before a receipt
        and received by then. Probability of a stock-out before the order is on the shelf and
        before the next one is. Units lost before the next one is. What depends on stock is NaN
        without a stock record.
    days_and_reason
        Filled, shape (5, groups): last day on which an order comes before the probability of a
        stock-out passes 0.1, -1 if it does not; day before the receipt that comes too late for the
        need, -1 if none does; day of the receipt to expedite, -1 if none; which constraint decided
        the order; day on which the order is received.
    """
    path_count = trajectories.shape[1]
    longest = 0
    for group in range(offsets.size - 1):
        longest = max(longest, offsets[group + 1] - offsets[group])
    expected_buffer = np.empty(longest)
    path_buffer = np.empty(path_count * longest)
    for group in range(offsets.size - 1):
        start, end = offsets[group], offsets[group + 1]
        days = end - start
        expected = expected_buffer[:days]
        paths = path_buffer[: path_count * days].reshape(days, path_count)
        _draw(
            forecast[start:end],
            factor[start:end],
            error_scale[group],
            level_variation[group],
            trajectories[calibration_group[group]],
            level_table,
            expected,
            paths,
        )
        # laws are padded to the longest of the batch
        pmf = pmfs[pmf_row[group]]
        pmf = pmf[: np.flatnonzero(pmf)[-1] + 1]
        first_order, on_sale = days_to_order[group], last_sale_day[group]
        next_order = first_order + review_days[group]
        protection_demand = 0.0
        for lead in range(pmf.size):
            if pmf[lead] > 0.0:
                protection_demand += pmf[lead] * _through(expected, lead + next_order, on_sale)
        upper = order_up_to(paths, pmf, next_order, level[group], on_sale)
        lower = reorder_point(paths, pmf, level[group], on_sale)
        if is_whole_unit[group]:
            upper = np.ceil(upper - ROUNDING)
            lower = np.ceil(lower - ROUNDING)
        # a receipt on the day after the whole days of the interval comes with the next order
        protected = next_order + int(np.floor(mean_lead_days[group] + ROUNDING))
        arrival = first_order + int(np.ceil(mean_lead_days[group] - ROUNDING))
        supply = np.cumsum(receipts[start:end])
        on_order = supply[min(protected, days) - 1]
        amounts[:, group] = np.nan
        amounts[0, group] = on_order
        amounts[1, group] = protection_demand
        amounts[2, group] = upper
        amounts[3, group] = lower
        amounts[5, group] = np.inf
        days_and_reason[:, group] = -1
        days_and_reason[3, group] = NONE
        days_and_reason[4, group] = arrival
        if np.isnan(stock_on_hand[group]):
            continue
        available = max(0.0, stock_on_hand[group])
        supply += available
        need = upper - available - on_order
        eve = _last_day_before_receipt(expected, supply, protected)
        if eve > 0:
            values, weights = shortages(
                paths, supply, pmf, first_order, review_days[group], on_sale
            )
            wanted = weighted_quantile(values, weights, level[group]) + supply[eve - 1]
            if is_whole_unit[group]:
                wanted = np.ceil(wanted - ROUNDING)
            if wanted - supply[eve - 1] > max(need, 0.0) + ROUNDING:
                need = wanted - supply[eve - 1]
                amounts[7, group] = wanted
                amounts[8, group] = supply[eve - 1] - available
                days_and_reason[1, group] = eve
        amounts[6, group] = max(need, 0.0)
        is_end_of_sale = np.isnan(shelf_life_days[group])
        last = on_sale
        if not is_end_of_sale:
            last = min(on_sale, arrival + int(shelf_life_days[group]))
            is_end_of_sale = on_sale < arrival + int(shelf_life_days[group])
        if last < NO_END_OF_SALE:
            amounts[5, group] = _sellable(
                expected, available, receipts[start:end], arrival, last, on_sale
            )
        amounts[4, group], reason = constrain_order(
            need, minimum[group], pack[group], amounts[5, group]
        )
        if is_end_of_sale and reason >= SHELF_LIFE:
            reason += END_OF_SALE - SHELF_LIFE
        days_and_reason[3, group] = reason
        last_day = max(days, next_order + pmf.size - 1)
        probability, lost = _run_out(paths, supply, last_day, on_sale)
        amounts[9, group] = _over_lead_time(pmf, first_order, probability)
        amounts[10, group] = _over_lead_time(pmf, next_order, probability)
        amounts[11, group] = _over_lead_time(pmf, next_order, lost)
        out_on = 0
        for day in range(last_day, 0, -1):
            if probability[day] > EARLY_STOCKOUT_PROBABILITY:
                out_on = day
        if out_on > 0:
            # an order of day t is on the shelf on day t + 1 + lead time
            order_by = min(out_on - 1 - (arrival - first_order), days)
            while order_by > first_order and not is_order_day[start + order_by - 1]:
                order_by -= 1
            days_and_reason[0, group] = max(order_by, first_order)
        for day in range(days, 1, -1):
            is_later = days_and_reason[2, group] < 0 or day > out_on
            if receipts[start + day - 1] > 0.0 and is_later:
                days_and_reason[2, group] = day
