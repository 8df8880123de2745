"""Favorita: a small copy of the documented files, with every kind of line that is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from import_sources import digests, landed, write_csv

from shelfcast.importers import ImportFileError, import_favorita
from shelfcast.landing import land

TRAIN = "id,date,store_nbr,family,sales,onpromotion"
TRAIN_ROWS = (
    (0, "2017-08-14", 1, "BREAD/BAKERY", "12.5", 0),
    (1, "2017-08-14", 1, "LIQUOR,WINE,BEER", "0.0", 0),
    (2, "2017-08-14", 25, "BREAD/BAKERY", "3.0", 2),
    (3, "2017-08-15", 25, "LIQUOR,WINE,BEER", "", 0),
    (4, "2017-08-15", 99, "BREAD/BAKERY", "2.0", 0),
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "kaggle"
    write_csv(folder / "train.csv", TRAIN, *TRAIN_ROWS)
    write_csv(
        folder / "stores.csv",
        "store_nbr,city,state,type,cluster",
        (1, "Quito", "Pichincha", "D", 13),
        (2, "Quito", "Pichincha", "D", 13),
        (25, "Salinas", "Santa Elena", "D", 1),
    )
    write_csv(
        folder / "holidays_events.csv",
        "date,type,locale,locale_name,description,transferred",
        ("2016-05-24", "Holiday", "National", "Ecuador", "Batalla de Pichincha", "True"),
        ("2016-05-27", "Transfer", "National", "Ecuador", "Traslado Batalla", "False"),
        ("2016-11-12", "Work Day", "National", "Ecuador", "Recupero Puente", "False"),
        ("2016-11-06", "Holiday", "Regional", "Santa Elena", "Provincializacion", "False"),
        ("2016-12-06", "Holiday", "Local", "Quito", "Fundacion de Quito", "False"),
        ("2016-03-02", "Holiday", "Local", "Manta", "Fundacion de Manta", "False"),
    )
    write_csv(
        folder / "transactions.csv",
        "date,store_nbr,transactions",
        ("2017-08-14", 1, 1000),
        ("2017-08-14", 2, 500),
        ("2017-08-14", 25, 770),
        ("2017-08-14", 99, 3),
    )
    write_csv(folder / "oil.csv", "date,dcoilwtico", ("2017-08-14", "47.59"), ("2017-08-15", ""))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "landing"


def test_days_with_sales_land(source: Path, folder: Path) -> None:
    report = import_favorita(source, folder)
    assert landed(folder, "sales.parquet") == [
        ("2017-08-14", "bread-bakery", "S01", "12.5", None),
        ("2017-08-14", "bread-bakery", "S25", "3.0", "onpromotion"),
        ("2017-08-15", "liquor-wine-beer", "S25", None, None),  # silver rejects it
        ("2017-08-15", "bread-bakery", "S99", "2.0", None),  # a store that stores.csv lacks
    ]
    assert "1 lines of train.csv with sales 0 are left out" in str(report)
    assert landed(folder, "skus.csv") == [
        ("bread-bakery", "BREAD/BAKERY", "BREAD/BAKERY"),
        ("liquor-wine-beer", "LIQUOR,WINE,BEER", "LIQUOR,WINE,BEER"),
    ]
    assert landed(folder, "locations.csv")[2] == ("S25", "Store 25, Salinas", "Santa Elena", "D")


def test_holidays_are_kept_where_they_are_celebrated(source: Path, folder: Path) -> None:
    report = import_favorita(source, folder)
    assert landed(folder, "holidays.csv") == [
        ("2016-05-27", "Traslado Batalla", None),
        ("2016-11-06", "Provincializacion", "Santa Elena"),
        ("2016-12-06", "Fundacion de Quito (Quito)", "Pichincha"),
    ]
    assert (
        "1 transferred to another day, 1 working days, 1 of cities without a store, "
        "0 of an unknown locale"
    ) in str(report)


def test_a_local_holiday_holds_in_every_state_of_its_city(source: Path, folder: Path) -> None:
    with (source / "stores.csv").open("a", encoding="utf-8") as file:
        file.write("26,Quito,Napo,D,1\n")
    import_favorita(source, folder)
    holidays = landed(folder, "holidays.csv", "holiday_name, region")
    assert holidays[2:] == [
        ("Fundacion de Quito (Quito)", "Napo"),
        ("Fundacion de Quito (Quito)", "Pichincha"),
    ]


def test_oil_and_footfall_are_signals(source: Path, folder: Path) -> None:
    report = import_favorita(source, folder)
    assert landed(folder, "external_signals.csv") == [
        ("footfall", "2017-08-14", "Pichincha", "1500"),
        ("footfall", "2017-08-14", "Santa Elena", "770"),
        ("oil_price", "2017-08-14", None, "47.59"),
    ]
    assert "1 days without a price are left out" in str(report)
    assert "1 lines of transactions.csv without a known store" in str(report)


def test_the_folder_lands_and_comes_out_alike(source: Path, folder: Path, tmp_path: Path) -> None:
    whole = import_favorita(source, folder)
    report = land(folder, tmp_path / "lake")
    assert not report.refused
    assert {Path(file.file).name: file.rows for file in report.landed} == whole.rows
    import_favorita(source, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(folder)
    assert not list(folder.glob("inventory*"))


def test_missing_files_and_shared_ids_are_refused(source: Path, folder: Path) -> None:
    write_csv(source / "train.csv", TRAIN, *TRAIN_ROWS, (5, "2017-08-15", 1, "BREAD-BAKERY", 1, 0))
    with pytest.raises(ImportFileError, match="BREAD-BAKERY and BREAD/BAKERY would share a sku_id"):
        import_favorita(source, folder)
    (source / "oil.csv").unlink()
    (source / "stores.csv").unlink()
    with pytest.raises(ImportFileError, match=r"lacks stores\.csv, oil\.csv; fetch all files from"):
        import_favorita(source, folder)
    assert not folder.exists()
