"""How accurate the forecaster is, beside statsforecast on the same splits; `make accuracy`.

`data_sets` makes the panels, `peers` forecasts them with statsforecast in an environment of its
own, `ours` with shelfcast, `metrics` and `scores` judge both alike, `report` writes
``docs/accuracy.md``.
"""
