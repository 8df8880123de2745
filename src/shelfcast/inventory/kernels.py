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
from shelfcast.forecasting.intervals import demand_paths

FloatArray = NDArray[np.float64]
IntegerArray = NDArray[np.int64]
BooleanArray = NDArray[np.bool_]

ROUNDING = 1e-9
"""Differences that are noise of floating point: in units, packs and probability."""

NONE, MINIMUM_ORDER, PACK_SIZE, SHELF_LIFE, MINIMUM_EXCEEDS_SHELF_LIFE = range(5)
"""Which constraint decided an order quantity."""

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
    trajectories: FloatArray,
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
    demand_paths(forecast, factor, error_scale if total > 0 else 0.0, trajectories, paths.T)


@kernel
def _select(values: FloatArray, low: int, high: int, rank: int) -> float:
    """Return the value of ``rank`` among ``values[low..high]``, partitioning them around it."""
    while low < high:
        pivot = values[(low + high) // 2]
        smaller = low
        for at in range(low, high + 1):
            value = values[at]
            values[at] = values[smaller]
            values[smaller] = value
            smaller += value < pivot
        if rank < smaller:
            high = smaller - 1
            continue
        greater = smaller
        for at in range(smaller, high + 1):
            value = values[at]
            values[at] = values[greater]
            values[greater] = value
            greater += value <= pivot
        if rank < greater:
            break
        low = greater
    selected: float = values[rank]
    return selected


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
    calibration_group: IntegerArray,
    trajectories: FloatArray,
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
    stock_on_hand, error_scale, calibration_group
        Units (NaN: no record), units and row of ``trajectories``, shape (groups,).
    trajectories
        Standardised daily errors, shape (calibration groups, paths, days).
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
            trajectories[calibration_group[group]],
            expected_buffer[:days],
            paths,
        )
        supply = max(0.0, stock_on_hand[group])
        lost_so_far[:] = 0.0
        for day in range(days):
            row = start + day
            supply += receipts[row]
            ran_out = 0
            for path in range(path_count):
                short = paths[day, path] - supply
                lost_so_far[path] = max(lost_so_far[path], short)
                closing[path] = lost_so_far[path] - short
                ran_out += lost_so_far[path] > ROUNDING
            probability[row] = ran_out / path_count
            lost[row] = lost_so_far.mean()
            stock[0, row] = closing.mean()
            stock[2, row] = _select(closing, 0, path_count - 1, ranks[1])
            stock[1, row] = _select(closing, 0, ranks[1], ranks[0])
            stock[3, row] = _select(closing, ranks[1], path_count - 1, ranks[2])


@kernel
def _rank(level: float, count: int) -> int:
    """Return the place, from 0, of the smallest value up to which a share ``level`` lies."""
    return max(0, int(np.ceil(level * count - ROUNDING)) - 1)


@kernel
def tag_groups(
    offsets: IntegerArray,
    demand: FloatArray,
    probability: FloatArray,
    lost: FloatArray,
    stock_on_hand: FloatArray,
    pmfs: FloatArray,
    pmf_row: IntegerArray,
    days_to_review: IntegerArray,
    amounts: FloatArray,
    days: IntegerArray,
) -> None:
    """Work out the figures behind the risk tag of every group.

    Parameters
    ----------
    offsets
        First row of each group and the number of rows, shape (groups + 1,).
    demand, probability, lost
        Expected units of the day, probability of a stock-out so far and expected units lost so far,
        shape (rows,).
    stock_on_hand, pmf_row, days_to_review
        Units (NaN: no record), row of ``pmfs`` and days, shape (groups,).
    pmfs
        Laws of lead time, shape (laws, days).
    amounts
        Filled, shape (5, groups): expected demand over lead time and review, probability of a
        stock-out before an order of the next review can land and before one placed today can,
        units at risk, expected demand over the horizon.
    days
        Filled, shape (3, groups): days of cover, first day by which the probability passes 0.5 and
        0.1; -1 where there is none.
    """
    for group in range(offsets.size - 1):
        start, end = offsets[group], offsets[group + 1]
        expected = np.cumsum(demand[start:end])
        pmf = pmfs[pmf_row[group]]
        amounts[:, group] = 0.0
        amounts[4, group] = expected[-1]
        for lead in range(pmf.size):
            if pmf[lead] == 0.0:
                continue
            until = lead + days_to_review[group]
            amounts[0, group] += pmf[lead] * _through(expected, until)
            if until > 0:
                last = min(start + until, end) - 1
                amounts[1, group] += pmf[lead] * probability[last]
                amounts[3, group] += pmf[lead] * lost[last]
            if lead > 0:
                amounts[2, group] += pmf[lead] * probability[min(start + lead, end) - 1]
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
            if probability[start + day] > 0.1:
                days[2, group] = day + 1


@kernel
def _through(cumulative: FloatArray, day: int) -> float:
    """Return a cumulative quantity by ``day``; beyond the horizon it goes on at its mean pace."""
    if day <= 0:
        return 0.0
    quantity: float = cumulative[min(day, cumulative.size) - 1]
    return quantity if day <= cumulative.size else quantity * day / cumulative.size


@kernel
def _interval_demand(
    paths: FloatArray, pmf: FloatArray, extra_days: int
) -> tuple[FloatArray, FloatArray]:
    """Return demand over lead time and ``extra_days`` as values with weights that sum to 1."""
    horizon, path_count = paths.shape
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
        until = lead + extra_days
        if until > horizon:
            values[filled:last] = paths[-1] * (until / horizon)
        elif until > 0:
            values[filled:last] = paths[until - 1]
        filled = last
    return values, weights


@kernel
def order_up_to(paths: FloatArray, pmf: FloatArray, review_days: int, level: float) -> float:
    """Return the smallest S with ``sum over l of P(L = l) P(D_(l + R) <= S) >= level``.

    Parameters
    ----------
    paths
        Cumulative demand in units, shape (days, paths); beyond the last day each path goes on at
        its own mean pace.
    pmf
        Law of the lead time L, shape (days,).
    review_days, level
        Review period R in days and cycle service level.

    Returns
    -------
    Units.
    """
    values, weights = _interval_demand(paths, pmf, review_days)
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
def reorder_point(paths: FloatArray, pmf: FloatArray, level: float) -> float:
    """Return the smallest s with ``P(D_L + U <= s) >= level``, U the undershoot of daily review.

    It lies between the quantile of ``D_L`` plus the least and plus the greatest undershoot; only
    sums between the two are put in order.

    Parameters and return value as for :func:`order_up_to`.
    """
    values, weights = _interval_demand(paths, pmf, 0)
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
def plan_groups(
    offsets: IntegerArray,
    forecast: FloatArray,
    factor: FloatArray,
    receipts: FloatArray,
    stock_on_hand: FloatArray,
    error_scale: FloatArray,
    calibration_group: IntegerArray,
    trajectories: FloatArray,
    pmfs: FloatArray,
    pmf_row: IntegerArray,
    lead_days: IntegerArray,
    review_days: IntegerArray,
    level: FloatArray,
    is_whole_unit: BooleanArray,
    pack: FloatArray,
    minimum: FloatArray,
    shelf_life_days: FloatArray,
    amounts: FloatArray,
    days_and_reason: IntegerArray,
) -> None:
    """Plan the order of every group under periodic review.

    Parameters
    ----------
    offsets, forecast, factor, receipts, stock_on_hand, error_scale, calibration_group, trajectories
        As for :func:`project_groups`.
    pmfs, pmf_row
        Laws of lead time, shape (laws, days), and each group's row, shape (groups,).
    lead_days, review_days, shelf_life_days
        Days, shape (groups,); mean lead time rounded up; shelf life NaN where there is none.
    level, is_whole_unit, pack, minimum
        Cycle service level, whether S and s are whole, units of a pack and of the minimum order,
        shape (groups,).
    amounts
        Filled with units, shape (6, groups): on order within the protection interval, expected
        demand over it, order-up-to level, reorder point, recommended order (NaN without a stock
        record), most that can be sold in time (infinite without a shelf life).
    days_and_reason
        Filled, shape (2, groups): first day by which the probability of a stock-out passes 0.1, -1
        if none; and which constraint decided the order.
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
            trajectories[calibration_group[group]],
            expected,
            paths,
        )
        pmf = pmfs[pmf_row[group]]
        protection_demand = 0.0
        for lead in range(pmf.size):
            if pmf[lead] > 0.0:
                protection_demand += pmf[lead] * _through(expected, lead + review_days[group])
        upper = order_up_to(paths, pmf, review_days[group], level[group])
        lower = reorder_point(paths, pmf, level[group])
        if is_whole_unit[group]:
            upper = np.ceil(upper - ROUNDING)
            lower = np.ceil(lower - ROUNDING)
        on_order = receipts[start : min(end, start + lead_days[group] + review_days[group])].sum()
        amounts[0, group] = on_order
        amounts[1, group] = protection_demand
        amounts[2, group] = upper
        amounts[3, group] = lower
        days_and_reason[0, group] = -1
        days_and_reason[1, group] = NONE
        amounts[4, group] = np.nan
        amounts[5, group] = np.inf
        if np.isnan(stock_on_hand[group]):
            continue
        available = max(0.0, stock_on_hand[group])
        position = available + on_order
        if not np.isnan(shelf_life_days[group]):
            by_arrival = _through(expected, lead_days[group])
            by_expiry = _through(expected, lead_days[group] + int(shelf_life_days[group]))
            amounts[5, group] = by_expiry - by_arrival - max(0.0, position - by_arrival)
        amounts[4, group], days_and_reason[1, group] = constrain_order(
            upper - position, minimum[group], pack[group], amounts[5, group]
        )
        days_and_reason[0, group] = _stockout_day(paths, available, receipts[start:end], 0.1)


@kernel
def _stockout_day(
    paths: FloatArray, stock_on_hand: float, receipts: FloatArray, level: float
) -> int:
    """Return the first day by which more than ``level`` of the paths ran out; -1 if none."""
    has_run_out = np.zeros(paths.shape[1], np.bool_)
    supply = stock_on_hand
    for day in range(receipts.size):
        supply += receipts[day]
        count = 0
        for path in range(paths.shape[1]):
            has_run_out[path] |= paths[day, path] - supply > ROUNDING
            count += has_run_out[path]
        if count / paths.shape[1] > level:
            return day + 1
    return -1
