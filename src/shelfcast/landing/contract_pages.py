"""Render the landing contract into the files that dbt and people read.

``shelfcast contract --write`` writes them; a test compares each with what this module renders.
"""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import indent

from shelfcast.landing.contract import (
    CONTRACT,
    LINEAGE_COLUMNS,
    TEXT_SHAPES,
    Column,
    ColumnType,
    Entity,
    EntityKind,
)

MACRO_PATH = Path("macros/layout/landing_contract.sql")
SOURCES_PATH = Path("models/staging/_landing__sources.yml")
STAGING_PATH = Path("models/staging/_landing__models.yml")
JUDGED_PATH = Path("models/intermediate/judged/_judged__models.yml")
DOCS_PATH = Path("docs/landing-contract.md")

RENDERED_BY = "Rendered from src/shelfcast/landing/contract.py by `shelfcast contract --write`."

LANDING_NUMBER = (
    "Landing that brought it; a later one has a greater number, whatever the clock said."
)

MANIFEST_COLUMNS: dict[str, str] = {
    "file": "Path of the landed file, relative to the landing folder.",
    "entity": "Entity that its rows belong to.",
    "file_id": "Name of its canonical Parquet file, without the ending.",
    "sha256": "Hash of its bytes; a file with the same bytes lands once.",
    "bytes": "Size of the file.",
    "rows": "Rows landed from it.",
    "parse_errors": "Rows among them that could not be split into columns.",
    "columns_ignored": "Columns of the file that the contract does not know, comma separated.",
    "columns_missing": "Columns of the contract that the file itself lacks, comma separated.",
    "landed_at": "UTC time at which it was landed.",
    "landing_number": LANDING_NUMBER,
    "equal_lines": "Whether equal lines of it are separate or copies, as landing.yml says.",
    "landing_folder": "Whole path of the folder that it landed from; null before 0.6.0.",
}
"""Columns of the manifest, with their meaning."""

GATE_COLUMNS: dict[str, str] = {
    "run_id": "The run.",
    "run_at": "UTC time at which it started.",
    "suite": "Entity that was checked, or files.",
    "check_name": "Name of the check.",
    "column_name": "Column that it looks at, if it is one.",
    "severity": "critical, warning or info.",
    "outcome": "passed, failed or not evaluated.",
    "failing_rows": "Rows that fail, where they are counted.",
    "observed_value": "What was seen, where it is no count.",
    "description": "What is expected.",
}
"""Columns of the gate's results, with their meaning."""

REJECT_CODES_MEANING = "Why the row is quarantined: codes separated by blanks; null if accepted."


def rendered_files() -> dict[Path, str]:
    """Return every rendered file: path relative to the project, and its text."""
    return {
        MACRO_PATH: _macro(),
        SOURCES_PATH: _sources(),
        STAGING_PATH: _staging_models(),
        JUDGED_PATH: _judged_models(),
        DOCS_PATH: _page(),
    }


def _macro() -> str:
    entities = ",\n".join(
        f"        {entity.name!r}: {{\n"
        f"            'kind': {entity.kind.value!r},\n"
        "            'columns': [\n"
        + "".join(f"                {_macro_column(column)},\n" for column in entity.columns)
        + "            ],\n        }"
        for entity in CONTRACT
    )
    return (
        f"{{# What each landed entity holds. {RENDERED_BY} #}}\n"
        "{% macro landing_contract(entity) %}\n"
        "    {% set contract = {\n"
        f"{entities},\n"
        "    } %}\n"
        "    {{ return(contract[entity]) }}\n"
        "{% endmacro %}\n\n\n"
        "{# Names of the landed entities. #}\n"
        "{% macro landing_entities() %}\n"
        f"    {{{{ return({[entity.name for entity in CONTRACT]}) }}}}\n"
        "{% endmacro %}\n\n\n"
        "{# Regular expressions of the text that is cast, by type. #}\n"
        "{% macro text_shapes() %}\n"
        "    {{ return({\n"
        + "".join(
            f"        {kind.value!r}: {pattern!r},\n" for kind, pattern in TEXT_SHAPES.items()
        )
        + "    }) }}\n"
        "{% endmacro %}\n"
    )


def _macro_column(column: Column) -> str:
    return (
        f"{{'name': {column.name!r}, 'type': {column.type.value!r}, "
        f"'required': {str(column.required).lower()}, "
        f"'minimum': {_jinja_number(column.minimum)}, 'maximum': {_jinja_number(column.maximum)}, "
        f"'longest': {_jinja_number(column.longest)}}}"
    )


def _jinja_number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}" if abs(value) < 1e5 else f"{value:.0f}"


def _sources() -> str:
    tables = "".join(
        f"      - name: {entity.name}\n        description: {_quoted(_sentence(entity))}\n"
        for entity in CONTRACT
    )
    return (
        f"# {RENDERED_BY}\n"
        "sources:\n"
        "  - name: landing\n"
        "    description: >\n"
        "      What `shelfcast land` made of the retailer's files: canonical Parquet, every\n"
        "      contract column as text. The variable source_tables puts another source in an\n"
        "      entity's place.\n"
        "    schema: \"{{ env_var('SHELFCAST_SCHEMA_PREFIX', '') ~ 'raw' }}\"\n"
        "    config:\n"
        "      meta:\n"
        "        external_location: >-\n"
        "          read_parquet('{{ (env_var('SHELFCAST_HOME', '') or 'warehouse/sample')\n"
        "          | replace(\"'\", \"''\") }}/lake/{name}/*.parquet', hive_partitioning=false)\n"
        "    tables:\n"
        f"{tables}"
        "      - name: _manifest\n"
        "        description: One landed file.\n"
        "        columns:\n"
        + indent(_column_docs(MANIFEST_COLUMNS), " " * 10)
        + "      - name: _gate\n"
        "        description: One run of the gate × check.\n"
        "        columns:\n" + indent(_column_docs(GATE_COLUMNS), " " * 10)
    )


def _staging_models() -> str:
    models = "".join(
        _model(
            f"stg_landing__{entity.name}",
            f"One landed row of {entity.name}: {_sentence(entity)} All text, nothing judged.",
            {**_meanings(entity), **LINEAGE_COLUMNS},
        )
        for entity in CONTRACT
    )
    manifest = _model(
        "stg_landing__files",
        "One landed file, as the lander's manifest has it.",
        MANIFEST_COLUMNS,
        key=("file_id",),
    )
    return f"# {RENDERED_BY}\nmodels:\n{models}{manifest}"


def _judged_models() -> str:
    lineage = {name: LINEAGE_COLUMNS[name] for name in ("_file", "_row", "_landed_at")}
    models = "".join(
        _model(
            f"int_{entity.name}_judged",
            f"One landed row of {entity.name}, cast and judged; accepted without reject_codes.",
            {
                **lineage,
                "_landing_number": LANDING_NUMBER,
                **_meanings(entity),
                "reject_codes": REJECT_CODES_MEANING,
            },
            combination=("_file", "_row", "_landed_at"),
        )
        for entity in CONTRACT
    )
    return f"# {RENDERED_BY}\nmodels:\n{models}"


def _model(
    name: str,
    description: str,
    columns: dict[str, str],
    *,
    key: tuple[str, ...] = (),
    combination: tuple[str, ...] = (),
) -> str:
    """Render a model; a key has no nulls, a combination may."""
    text = f"  - name: {name}\n    description: {_quoted(description)}\n"
    for test, argument, names in (
        ("unique_key", "columns", key),
        ("dbt_utils.unique_combination_of_columns", "combination_of_columns", combination),
    ):
        if names:
            text += (
                "    data_tests:\n"
                f"      - {test}:\n"
                "          arguments:\n"
                f"            {argument}: [{', '.join(names)}]\n"
            )
    return text + "    columns:\n" + indent(_column_docs(columns), " " * 6)


def _column_docs(columns: dict[str, str]) -> str:
    return "".join(
        f"- name: {name}\n  description: {_quoted(meaning)}\n" for name, meaning in columns.items()
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _meanings(entity: Entity) -> dict[str, str]:
    return {column.name: column.meaning for column in entity.columns}


def _sentence(entity: Entity) -> str:
    return entity.grain[0].upper() + entity.grain[1:] + "."


_TYPE_WORDS = {
    ColumnType.STRING: "text",
    ColumnType.INTEGER: "whole number",
    ColumnType.QUANTITY: "number, 4 decimals",
    ColumnType.RATE: "share 0–1",
    ColumnType.DATE: "date, `YYYY-MM-DD`",
    ColumnType.TIMESTAMP: "time, `YYYY-MM-DD HH:MM:SS`",
}


def _page() -> str:
    parts = [
        "# The landing contract\n",
        f"<!-- {RENDERED_BY} -->\n",
        "What `shelfcast land` takes. Bring `sales` and `skus`; the rest is optional, and each "
        "makes the plan sharper. Columns in **bold** must hold a value in every row. How files are "
        "found, renamed and read: [landing.md](landing.md).\n",
        "An *event* that lands twice is a duplicate; a *state* that lands again in a later file "
        "replaces what was known. Equal lines of one file that have no number are as many events "
        "([landing.md](landing.md#equal-lines)).\n",
    ]
    for entity in CONTRACT:
        need = "required" if entity.required else "optional"
        kind = "an event" if entity.kind is EntityKind.EVENT else "a state"
        rows = "".join(
            f"| {_name(column)} | {_TYPE_WORDS[column.type]} | {_bounds(column)} "
            f"| {column.meaning} |\n"
            for column in entity.columns
        )
        parts.append(
            f"## {entity.name}\n\n{_sentence(entity)} Key: {', '.join(entity.key)}. {kind}; {need}."
            f"\n\n| Column | Type | From … to | Meaning |\n|---|---|---|---|\n{rows}"
        )
    return "\n".join(parts)


def _name(column: Column) -> str:
    return f"**{column.name}**" if column.required else column.name


def _bounds(column: Column) -> str:
    if column.longest is not None:
        return f"… {column.longest} characters"
    if column.minimum is None and column.maximum is None:
        return ""
    lower = "" if column.minimum is None else f"{column.minimum:,.12g}"
    upper = "" if column.maximum is None else f"{column.maximum:,.12g}"
    return f"{lower} … {upper}"
