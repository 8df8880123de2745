"""Whole runs of the gate: what is found, how it ends, and what it leaves behind."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from gate_shop import (
    FIRST_DAY,
    INVENTORY,
    LANDED_AT,
    LOCATIONS,
    SKUS,
    GateShop,
    sales_files,
    sales_lines,
)
from warehouses import PROJECT

from shelfcast.landing import land
from shelfcast.landing.lake import GATE_SCHEMA
from shelfcast.quality import Check, GateReport, Limits, Outcome, run_gate
from shelfcast.quality import gate as gate_module
from shelfcast.quality.report import CheckOutcome, Severity
from shelfcast.quality.results import NOT_EVALUATED_REMEDY
from shelfcast.quality.suites import (
    BAD_ROWS_REMEDY,
    BAD_ROWS_STOP_REMEDY,
    CONFLICTS_REMEDY,
    COPIES_REMEDY,
    Expected,
    build_suites,
)
from shelfcast.warehouse import command

LOADED = re.compile(r"""(src|href)\s*=|@import|url\(|<script|<link|<img""", re.IGNORECASE)


def run(shop: GateShop, limits: Limits | None = None) -> GateReport:
    return run_gate(
        shop.lake,
        limits or Limits(),
        gx_project=PROJECT / "gx",
        docs=shop.docs,
        run_at=LANDED_AT,
    )


def failed(report: GateReport) -> dict[str, str]:
    return {check.check: check.severity.value for check in report.findings}


def finding(report: GateReport, name: str) -> Check:
    (check,) = [check for check in report.checks if check.check == name]
    return check


def gate_results(shop: GateShop) -> list[dict[str, object]]:
    files = [path for path in shop.lake.glob("_gate/*.parquet") if path.stem != "_schema"]
    return [row for path in files for row in pq.read_table(path, schema=GATE_SCHEMA).to_pylist()]


def digest(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def assert_pages_need_no_network(docs: Path) -> None:
    pages = sorted(docs.iterdir())
    assert docs / "index.html" in pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "http" not in text, page
        for found in LOADED.finditer(text):
            link = re.match(r'href="([a-z_]+\.html)"', text[found.start() :])
            assert link is not None, f"{page}: {text[found.start() : found.end() + 40]}"
            assert docs / link.group(1) in pages


@pytest.mark.slow
def test_good_data_passes_and_nothing_committed_changes(
    shop: GateShop, capfd: pytest.CaptureFixture[str]
) -> None:
    shop.write_clean()
    shop.land()
    before = digest(PROJECT / "gx")
    shop.docs.mkdir()
    (shop.docs / "promotions.html").write_text("of an earlier run")
    capfd.readouterr()
    report = run(shop)
    assert failed(report) == {}
    assert report.outcome == Outcome.OK
    assert capfd.readouterr() == ("", "")
    assert digest(PROJECT / "gx") == before
    assert_pages_need_no_network(shop.docs)
    suites = [
        *("files", "sales", "inventory", "skus", "locations"),
        *("sales_locations", "sales_history"),
    ]
    assert list(dict.fromkeys(check.suite for check in report.checks)) == suites
    assert sorted(page.stem for page in shop.docs.iterdir()) == sorted(["index", *suites])
    for name in ("files__have_their_usual_size", "files__bring_their_usual_columns"):
        assert finding(report, name).observed_value == "no file to compare"
    stored = gate_results(shop)
    assert [(row["run_id"], row["check_name"]) for row in stored] == [
        (report.run_id, check.check) for check in report.checks
    ]
    assert {row["outcome"] for row in stored} == {"passed"}
    assert str(report).splitlines() == [
        f"Gate: {len(report.checks)} checks, {len(report.checks)} passed.",
        "Newest sale 2024-04-28, 1 day ago; no limit of freshness is set.",
        f"Data Docs: {shop.docs / 'index.html'}",
    ]


def plant(shop: GateShop) -> None:
    """Write a retailer whose files have, between them, each fault of which the gate warns."""
    shop.write_clean()
    shop.land()
    shop.write("skus.csv", SKUS + "A3,Food,free\nA4,Food,-1\nA1,Food,1\n")
    shop.write("inventory_simulated.csv", INVENTORY.replace(",7", ",-3"))
    shop.write("locations_new.csv", LOCATIONS.splitlines()[0] + "\n")
    lines = sales_lines(LANDED_AT.date(), 40)
    lines[0] = "one,column,too,many,in,this,line,of,sales\n"
    lines[1] = lines[1].replace(",L2,", ",,")
    lines[2] = lines[2].replace(",2,9.5", ",two,9.5")
    lines[3] = lines[3].replace(",2,9.5", ",2000000,9.5")
    lines[4] = lines[4].replace(",A2,", ",ZZ,")
    lines[5] = lines[5].replace(",L2,", ",L9,")
    lines[7] = lines[6]
    shop.write_sales("sales_bad.csv", lines)
    shop.write("sales_other.csv", "sold_at,sku_id,location_id,quantity\n2024-04-27,A1,L1,1\n")
    shop.land(LANDED_AT.replace(day=30))


@pytest.mark.slow
def test_planted_faults_are_warned_of_with_file_column_and_remedy(shop: GateShop) -> None:
    plant(shop)
    strict = Limits(
        bad_rows_rate=0.001, unknown_rate=0.001, duplicate_rate=0.001, volume_change_rate=0
    )
    report = run(shop, strict)
    assert {name for name, severity in failed(report).items() if severity == "warning"} == {
        "files__hold_rows",
        "files__can_be_read",
        "files__fit_the_contract",
        "files__name_known_skus",
        "files__name_known_locations",
        "files__have_their_usual_size",
        "files__bring_their_usual_columns",
        "sales__rows_fit_the_contract",
        "sales__location_id_is_present",
        "sales__quantity_is_of_its_type",
        "sales__quantity_is_in_range",
        "sales__keys_are_unique",
        "sales__sku_id_is_known",
        "sales__location_id_is_known",
        "inventory__stock_on_hand_is_not_negative",
        "skus__rows_fit_the_contract",
        "skus__unit_cost_is_of_its_type",
        "skus__unit_cost_is_in_range",
        "skus__keys_are_unique",
        "sales_history__newest_day_has_its_usual_volume",
    }
    assert finding(report, "files__are_not_simulated").outcome == CheckOutcome.FAILED
    assert "inventory_simulated.csv: 6 rows" in str(report)

    check = finding(report, "sales__quantity_is_of_its_type")
    assert (check.suite, check.column, check.failing_rows) == ("sales", "quantity", 1)
    assert check.observed_value == "1 of 713 (0.14 %): 1 in sales_bad.csv; such as two"
    missing = finding(report, "sales__location_id_is_present")
    assert missing.observed_value == "1 of 713 (0.14 %): 1 in sales_bad.csv; such as row 3"
    copies = finding(report, "sales__keys_are_unique")
    assert copies.failing_rows == 1
    assert copies.observed_value == "1 of 713 (0.14 %): 1 in sales_bad.csv; such as row 9: copy"
    page = (shop.docs / "sales.html").read_text(encoding="utf-8")
    assert (
        '<td class="number">1</td>'
        in page.partition(f'id="{copies.check}"')[2].partition("</tr>")[0]
    )
    unreadable = finding(report, "files__can_be_read")
    assert unreadable.observed_value == "sales_bad.csv: 2.5 % of 40 rows, first row 2: COLUMN_COUNT"
    unfit = finding(report, "files__fit_the_contract")
    assert unfit.observed_value == (
        "skus.csv: 33.3 % of 6 rows, first row 5: unit_cost is no number: free; "
        "sales_bad.csv: 10 % of 40 rows, first row 2: COLUMN_COUNT"
    )
    unknown = finding(report, "files__name_known_skus")
    assert unknown.observed_value == "sales_bad.csv: 2.5 % of 40 rows, first row 6: ZZ"
    assert str(report).count(BAD_ROWS_REMEDY) == 1
    for check in report.findings:
        if check.severity is not Severity.INFO:
            assert check.remedy in str(report)
        assert check.check in (shop.docs / f"{check.suite}.html").read_text()
    assert_pages_need_no_network(shop.docs)


@pytest.mark.slow
def test_warnings_alone_do_not_stop_and_set_limits_do(shop: GateShop) -> None:
    shop.write_clean()
    lines = sales_lines(FIRST_DAY.replace(month=1), 84)
    lines[:18] = [line.replace(",B1,", ",ZZ,") for line in lines[:18]]
    shop.write_sales("sales_unknown.csv", lines)
    shop.land()
    report = run(shop)
    assert failed(report) == {"files__name_known_skus": "warning"}
    assert report.outcome == Outcome.WARNINGS
    assert f"after it, {command('shelfcast rejects list')} shows" in str(report)
    report = run(shop, Limits(freshness_days=0, unknown_rate=0.0005))
    assert failed(report) == {
        "files__name_known_skus": "warning",
        "sales__sku_id_is_known": "warning",
        "sales__sku_id_is_mostly_known": "critical",
        "sales_history__newest_sale_is_fresh": "critical",
    }
    assert report.outcome == Outcome.CRITICAL
    assert "Newest sale 2024-04-28, 1 day ago; limit 0 days." in str(report).splitlines()
    assert "critical: sales__sku_id_is_mostly_known" in str(report)
    assert "warning: sales__sku_id_is_known" not in str(report)


@pytest.mark.slow
def test_receipt_numbers_that_two_tills_share_stop_the_build(shop: GateShop) -> None:
    """Two tills of L2 count from one each: half of its lines would not count."""
    shop.write_clean()
    shop.write("locations.csv", LOCATIONS + "L3,South\n")
    tills = [
        f"{number},1,2024-04-28 {9 + till}:00:00,A1,L2,{till},9.5\n"
        for till in (1, 2)
        for number in range(600)
    ]
    # numbers that start over in another shop, or on another day, are other receipts
    others = [line.replace(",L2,", ",L3,").replace("T1", "") for line in tills[:600]]
    others += [line.replace("04-28", "04-27") for line in tills[:600]]
    shop.write_sales("sales_tills.csv", tills)
    shop.write_sales("sales_others.csv", others)
    shop.land()
    report = run(shop, Limits(duplicate_rate=0.5, volume_change_rate=1))
    assert failed(report) == {
        "files__have_few_conflicts": "critical",
        "sales_locations__have_few_conflicts": "critical",
        "sales_history__newest_day_has_its_usual_volume": "warning",
        "sales_history__category_mix_holds": "warning",
    }
    assert finding(report, "files__have_few_conflicts").observed_value == (
        "sales_tills.csv: 50 % of 1,200 rows, first row 602"
    )
    assert finding(report, "sales_locations__have_few_conflicts").observed_value == (
        "L2: 28.1 % of 2,136 rows, most in sales_tills.csv"
    )
    assert report.outcome == Outcome.CRITICAL
    assert str(report).count(CONFLICTS_REMEDY) == 1
    assert_pages_need_no_network(shop.docs)
    assert run(shop, Limits(conflict_rate=0.5, duplicate_rate=0.5)).outcome == Outcome.WARNINGS


@pytest.mark.slow
def test_an_export_that_ran_twice_stops_the_build(shop: GateShop) -> None:
    shop.write_clean()
    lines = [line for lines in sales_files().values() for line in lines]
    shop.write_sales("sales_again.csv", lines[:600])
    shop.land()
    report = run(shop)
    assert finding(report, "files__have_few_copies").observed_value == (
        "sales_again.csv: 100 % of 600 rows, first row 2"
    )
    assert failed(report) == {
        "files__have_few_copies": "critical",
        "sales__keys_are_unique": "warning",
    }
    assert COPIES_REMEDY in str(report)
    assert run(shop, Limits(copy_rate=1)).outcome == Outcome.WARNINGS


@pytest.mark.slow
def test_a_plan_cannot_be_made_without_sales(shop: GateShop) -> None:
    shop.write("skus.csv", SKUS)
    shop.write("inventory.csv", INVENTORY + "torn\n" * 29)
    shop.write("holidays.csv", "holiday_date,region\n01/05/2024,North\n")
    shop.land()
    report = run(shop)
    assert report.outcome == Outcome.CRITICAL
    assert failed(report) == {
        "files__required_entities_have_landed": "critical",
        "files__can_be_read": "warning",
        "files__fit_the_contract": "warning",
        "holidays__holiday_date_is_of_its_type": "warning",
    }
    assert "holidays.csv: 100 % of 1 row, first row 2: holiday_date is no date" in str(report)
    assert "1 of 1 (100 %): 1 in holidays.csv; such as 01/05/2024" in str(report)
    assert "Take a file out" not in str(report)
    assert {row["outcome"] for row in gate_results(shop)} == {"passed", "failed"}


@pytest.mark.slow
def test_rows_that_cannot_be_read_stop_as_wrong_values_do(shop: GateShop) -> None:
    shop.write_clean()
    shop.land()
    torn = sales_lines(FIRST_DAY.replace(month=1), 180)
    torn[40:] = ["torn\n"] * 140
    shop.write_sales("sales_torn.csv", torn)
    shop.write("skus.csv", SKUS + "torn\n")
    shop.land(LANDED_AT.replace(hour=7))
    torn[170] = "torn again\n"
    shop.write_sales("sales_torn.csv", torn)
    shop.land(LANDED_AT.replace(hour=8))
    report = run(shop)
    critical = {name for name, severity in failed(report).items() if severity == "critical"}
    assert critical == {"files__mostly_fit_the_contract", "skus__rows_mostly_fit_the_contract"}
    rows = finding(report, "skus__rows_mostly_fit_the_contract")
    assert rows.observed_value == "1 of 4 (25 %): 1 in skus.csv; such as COLUMN_COUNT"
    assert finding(report, "sales__rows_fit_the_contract").failing_rows == 140
    half_bad = finding(report, "files__mostly_fit_the_contract")
    assert half_bad.observed_value == (
        "sales_torn.csv: 77.8 % of 180 rows, first row 42: COLUMN_COUNT"
    )

    text = str(report)
    assert "Nothing is built; the tables of the last build, if any, stand as they were." in text
    assert text.count(BAD_ROWS_STOP_REMEDY) == 1
    assert command("shelfcast land FOLDER") in text
    assert "vars, gate in dbt_project.yml" in text
    named = [line.strip() for line in text.splitlines() if ".parquet" in line]
    sales = [path for path in map(Path, named) if path.parent.name == "sales"]
    assert [pq.read_metadata(path).num_rows for path in sales] == [180, 180]
    assert sales[0].stat().st_mtime_ns < sales[1].stat().st_mtime_ns
    assert len(named) == 8
    for path in map(Path, named):
        assert path.is_file()
        path.unlink()
    (shop.source / "sales_torn.csv").unlink()
    shop.write("skus.csv", SKUS)
    shop.land(LANDED_AT.replace(hour=9))
    assert run(shop).outcome == Outcome.OK


@pytest.mark.slow
def test_what_cannot_be_evaluated_is_told_apart_from_what_fails(
    shop: GateShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_a_mistake(
        limits: Limits, landed: tuple[str, ...], elsewhere: frozenset[str]
    ) -> dict[str, list[Expected]]:
        suites = build_suites(limits, landed, elsewhere)
        (first, *_) = [one for one in suites["skus"] if one.failing]
        kwargs = {**first.kwargs, "column": "colour"}
        suites["skus"].append(replace(first, check="skus__colour_is_present", kwargs=kwargs))
        return suites

    monkeypatch.setattr(gate_module, "build_suites", with_a_mistake)
    shop.write("skus.csv", SKUS)
    shop.land()
    report = run(shop)
    assert report.outcome == Outcome.NOT_EVALUATED
    assert report.findings[0].check == "skus__colour_is_present"
    assert report.findings[0].outcome == CheckOutcome.NOT_EVALUATED
    assert "colour" in (report.findings[0].observed_value or "")
    assert "files__required_entities_have_landed" in failed(report)
    assert "not evaluated: skus__colour_is_present" in str(report)
    assert NOT_EVALUATED_REMEDY in str(report)
    assert "Nothing is built" in str(report)


def test_a_lake_that_cannot_be_read_is_reported_in_a_sentence(shop: GateShop) -> None:
    shop.write("skus.csv", SKUS)
    shop.land()
    (path,) = [path for path in shop.lake.glob("skus/*") if path.stem != "_schema"]
    path.write_bytes(b"torn")
    report = run(shop)
    assert report.outcome == Outcome.NOT_EVALUATED
    assert f"{path} cannot be read" in str(report)
    assert "Traceback" not in str(report)
    assert_pages_need_no_network(shop.docs)
    assert [row["outcome"] for row in gate_results(shop)] == ["not evaluated"]


def test_without_a_lake_or_a_project_nothing_is_made_up(shop: GateShop) -> None:
    report = run(shop)
    assert report.outcome == Outcome.NOT_EVALUATED
    assert "holds no landed files" in str(report)
    assert not shop.lake.exists()
    shop.write("skus.csv", SKUS)
    shop.land()
    report = run_gate(shop.lake, Limits(), gx_project=shop.source, docs=shop.docs)
    assert report.outcome == Outcome.NOT_EVALUATED
    assert "great_expectations.yml is missing" in str(report)


def test_nothing_to_check_is_no_failure(shop: GateShop) -> None:
    """Sales and skus may be tables of the retailer's own; then nothing has to land."""
    both = frozenset({"sales", "skus"})
    land(None, shop.lake, elsewhere=both)

    def gate(lake: Path, elsewhere: frozenset[str]) -> GateReport:
        project = PROJECT / "gx"
        return run_gate(lake, Limits(), elsewhere=elsewhere, gx_project=project, docs=shop.docs)

    report = gate(shop.lake, both)
    assert report.outcome is Outcome.OK
    assert report.checks == ()
    assert "nothing to check" in str(report)
    assert "nothing to check" in (shop.docs / "index.html").read_text(encoding="utf-8")
    assert gate_results(shop) == []
    assert gate(shop.lake, frozenset({"sales"})).outcome is Outcome.NOT_EVALUATED
    assert gate(shop.lake / "none", both).outcome is Outcome.NOT_EVALUATED


@pytest.mark.parametrize("text", ["stores: [", "config_version: 4.0\n", "- 1\n", ""])
def test_a_project_that_cannot_be_read_is_reported_in_a_sentence(shop: GateShop, text: str) -> None:
    shop.write("skus.csv", SKUS)
    shop.land()
    (shop.source / "great_expectations.yml").write_text(text)
    report = run_gate(shop.lake, Limits(), gx_project=shop.source, docs=shop.docs)
    assert report.outcome == Outcome.NOT_EVALUATED == 3
    assert f"{shop.source / 'great_expectations.yml'} cannot be read" in str(report)
    assert "shelfcast contract --write" in str(report)
    assert "Traceback" not in str(report)
    assert [row["outcome"] for row in gate_results(shop)] == ["not evaluated"]


def test_whatever_goes_wrong_is_not_evaluated(
    shop: GateShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("a store\nthat is gone")

    monkeypatch.setattr(gate_module, "build_suites", fail)
    shop.write("skus.csv", SKUS)
    shop.land()
    report = run(shop)
    assert report.outcome == Outcome.NOT_EVALUATED
    (check,) = report.checks
    assert (check.observed_value or "").startswith("KeyError: ")
    assert NOT_EVALUATED_REMEDY in str(report)
    assert_pages_need_no_network(shop.docs)


@pytest.mark.slow
def test_findings_are_kept_where_pages_cannot_be_written(shop: GateShop) -> None:
    shop.write_clean()
    shop.land()
    shop.docs.write_text("a file stands in the way")
    report = run(shop)
    assert failed(report) == {"files__data_docs_are_written": "warning"}
    assert report.outcome == Outcome.WARNINGS
    assert len(list((shop.lake / "_gate").glob(f"{report.run_id}.parquet"))) == 1


def test_the_worst_check_decides() -> None:
    def check(severity: Severity, outcome: CheckOutcome) -> Check:
        return Check("sales", "sales__x", None, severity, outcome, None, None, "It is so.", "Look.")

    def outcome(*checks: Check) -> Outcome:
        return GateReport("run", LANDED_AT, checks, Path("index.html")).outcome

    passed = check(Severity.CRITICAL, CheckOutcome.PASSED)
    info = check(Severity.INFO, CheckOutcome.FAILED)
    warning = check(Severity.WARNING, CheckOutcome.FAILED)
    critical = check(Severity.CRITICAL, CheckOutcome.FAILED)
    unknown = check(Severity.INFO, CheckOutcome.NOT_EVALUATED)
    assert outcome(passed, info) == Outcome.OK == 0
    assert outcome(passed, warning, info) == Outcome.WARNINGS == 1
    assert outcome(critical, warning) == Outcome.CRITICAL == 2
    assert outcome(critical, unknown) == Outcome.NOT_EVALUATED == 3
