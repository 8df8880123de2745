"""How the pictures of docs/forecasting.md look: charts of lines, and writing them as PNG."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import vl_convert

FOLDER = Path(__file__).parent
WIDTH, HEIGHT = 640, 190
GREY, BLACK = "#9a9a9a", "#333333"
COLOURS = ["#4c78a8", "#e4572e", "#54a24b", "#b279a2"]

Row = dict[str, Any]
"""A point: ``x``, ``y`` and the name of its ``line``."""


def points(line: str, values: Any, first: int = 0) -> list[Row]:
    """Return values as the points of a line whose first x is ``first``."""
    return [
        {"line": line, "x": first + position, "y": round(float(value), 4)}
        for position, value in enumerate(values)
    ]


def lines(
    rows: list[Row],
    colours: dict[str, str],
    *,
    title: str,
    x_title: str | None,
    today: float | None = None,
    dashed: tuple[str, ...] = (),
    width: int = WIDTH,
) -> Row:
    """Return a chart of lines: grey and black ones thin, a rule at ``today``.

    Parameters
    ----------
    rows
        Points, as of `points`.
    colours
        Colour of each line, in the order of the legend.
    title, x_title
        Of the chart, which names the unit of y, and of its x axis.
    today
        Last x that is known.
    dashed
        Lines that nobody knew.
    width
        In pixels.
    """
    x = {"field": "x", "type": "quantitative", "axis": {"title": x_title, "grid": False}}
    rule = {
        "data": {"values": [{"x": today}]},
        "mark": {"type": "rule", "color": BLACK, "strokeDash": [2, 3]},
        "encoding": {"x": {"field": "x", "type": "quantitative"}},
    }
    return {
        "title": title,
        "width": width,
        "height": HEIGHT,
        "layer": [
            *([] if today is None else [rule]),
            {
                "data": {"values": rows},
                "mark": {"type": "line", "interpolate": "linear"},
                "encoding": {
                    "x": x | {"scale": {"nice": False, "zero": False}},
                    "y": {"field": "y", "type": "quantitative", "axis": {"title": None}},
                    "color": colour(colours),
                    "strokeWidth": {
                        "condition": {
                            "test": f"indexof({_thin_lines(colours)}, datum.line) >= 0",
                            "value": 1,
                        },
                        "value": 2,
                    },
                    "strokeDash": {
                        "condition": {
                            "test": f"indexof({list(dashed)}, datum.line) >= 0",
                            "value": [4, 3],
                        },
                        "value": [1, 0],
                    },
                },
            },
        ],
    }


def _thin_lines(colours: dict[str, str]) -> list[str]:
    return [line for line, shade in colours.items() if shade in (GREY, BLACK)]


def colour(colours: dict[str, str]) -> Row:
    """Return the encoding of the colour of lines, with a legend above."""
    return {
        "field": "line",
        "type": "nominal",
        "scale": {"domain": list(colours), "range": list(colours.values())},
        "legend": {"title": None, "orient": "top", "labelLimit": 400, "symbolType": "stroke"},
    }


def write(name: str, chart: Row) -> None:
    """Write a chart, or charts side by side, beside this file and say where."""
    picture = FOLDER / f"forecasting_{name}.png"
    drawn = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "padding": 10,
        "config": {
            "font": "sans-serif",
            "view": {"stroke": None},
            "axis": {"gridColor": "#eeeeee", "tickCount": 6},
            "title": {"anchor": "start", "fontSize": 12},
        },
        **chart,
    }
    picture.write_bytes(_compressed(vl_convert.vegalite_to_png(drawn, scale=1.3)))
    print(f"{picture}: {picture.stat().st_size:,} bytes")


def _compressed(png: bytes) -> bytes:
    """Return a PNG with its image compressed as far as it goes, which vl_convert does not do."""
    signature, start = png[:8], 8
    chunks: list[tuple[bytes, bytes]] = []
    while start < len(png):
        (length,) = struct.unpack_from(">I", png, start)
        chunks.append((png[start + 4 : start + 8], png[start + 8 : start + 8 + length]))
        start += length + 12
    image = b"".join(content for name, content in chunks if name == b"IDAT")
    header, *_ = chunks
    packed = zlib.compress(zlib.decompress(image), 9)
    return signature + b"".join(
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in (header, (b"IDAT", packed), (b"IEND", b""))
    )
