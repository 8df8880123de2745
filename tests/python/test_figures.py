"""The figures in the documents: each block is one that ``make figures`` writes, in its shape."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from warehouses import PROJECT, Warehouse

from benchmarks import figures

PUBLIC_SETS = {"online-retail", "fresh-retail"}
"""Blocks that are written where somebody has the data."""

DOCUMENTS = {path: (PROJECT / path).read_text(encoding="utf-8") for path in figures.DOCUMENTS}


def shape(text: str) -> list[str]:
    """Return the lines of a text without what data and folders decide: figures, names, widths."""
    return [re.sub(r"[ -]+", " ", line) for line in text.splitlines() if not re.search(r"\d", line)]


def test_blocks_are_closed_and_named_once() -> None:
    for path, text in DOCUMENTS.items():
        begun = re.findall(r"<!-- figures: ([a-z-]+) -->", text)
        assert list(figures.blocks(text)) == begun, path
        assert len(set(begun)) == len(begun) == text.count("<!-- end of figures -->"), path


def test_blocks_are_replaced_by_name_and_nothing_else_is() -> None:
    document = "a\n<!-- figures: one -->\nold\n<!-- end of figures -->\nb\n"
    assert figures.replace_blocks(document, {"two": "new\n"}) == document
    replaced = figures.replace_blocks(document, {"one": "a \\1 new\n"})
    assert replaced == document.replace("old", "a \\1 new")
    assert figures.blocks(replaced) == {"one": "a \\1 new\n"}


def test_documents_show_one_build() -> None:
    """What the README has of the plan is in the example run, to the letter."""
    shown = {name: text for doc in DOCUMENTS.values() for name, text in figures.blocks(doc).items()}
    summary = shown["summary"].removeprefix("```\n").removesuffix("\n```\n")
    assert figures.plan(summary) == shown["plan"]
    (bias,) = re.findall(r"(\d+) % (?:below|above)", shown["limits"])
    (exact,) = re.findall(r"([\d.]+) % (?:below|above)", shown["quality"])
    assert abs(float(exact) - int(bias)) <= 0.55  # one is rounded to a whole per cent


@pytest.mark.slow
def test_documents_show_what_the_command_writes(sample: Warehouse, sample_landing: Path) -> None:
    """The figures are those of another sample; headings, legends and sentences are the same."""
    truth = sample_landing.with_name("sample-truth")
    written = figures.sample_blocks(sample.home, truth)
    shown = {name: text for doc in DOCUMENTS.values() for name, text in figures.blocks(doc).items()}
    assert set(shown) == set(written) | PUBLIC_SETS
    for name in ("plan", "quality"):
        assert shape(shown[name]) == shape(written[name]), name
    sentence = re.sub(r"\d+", "0", " ".join(written["limits"].split()))
    assert re.sub(r"\d+", "0", " ".join(shown["limits"].split())) in (
        sentence,
        sentence.replace("below", "above"),
        sentence.replace("above", "below"),
    )
