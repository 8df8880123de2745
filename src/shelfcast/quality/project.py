"""The Great Expectations project in ``gx/``: rendered from the suites, and opened for one run.

``gx/`` is committed with the suites as the default limits make them. A run copies it to a folder
of its own and renders into that the suites with its limits, of what has landed; so a run changes no
committed file, and two can work side by side. Ids are derived from names and never change.
"""

from __future__ import annotations

import json
import logging
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

from shelfcast.quality.limits import Limits
from shelfcast.quality.suites import ALL_ENTITIES, Expected, build_suites

PROJECT = Path("gx")
CONFIGURATION = "great_expectations.yml"
DATASOURCE = "landing"
BATCH = "landed"
CHECKPOINT = "landing"
DATABASE_VARIABLE = "SHELFCAST_GATE_DATABASE"
SITE = Path("uncommitted/data_docs")

RENDERED_BY = "# Rendered by shelfcast.quality.project from src/shelfcast/quality/suites.py."


class ProjectUnreadableError(RuntimeError):
    """The Great Expectations project cannot be opened; the message says what to do."""


def project_files() -> dict[Path, str]:
    """Return every committed file of ``gx/``: path relative to the project, and its text."""
    suites = build_suites(Limits(), ALL_ENTITIES)
    files = {
        Path(CONFIGURATION): _configuration(list(suites)),
        Path(".gitignore"): "uncommitted/\n.ge_store_backend_id\n",
        **_suite_files(suites),
    }
    return {PROJECT / path: text for path, text in files.items()}


@contextmanager
def opened_project(
    gx_project: Path, folder: Path, suites: dict[str, list[Expected]], database: str
) -> Iterator[Any]:
    """Open a copy of the project in a folder, holding the given suites.

    Parameters
    ----------
    gx_project
        The committed folder.
    folder
        Folder of the run, in which the copy is made.
    suites
        Suites of the run.
    database
        SQLAlchemy URL of the database that holds their batches.

    Yields
    ------
    The file data context.

    Raises
    ------
    ProjectUnreadableError
        The configuration is missing, or Great Expectations cannot read it.
    """
    configuration = gx_project / CONFIGURATION
    if not configuration.is_file():
        raise ProjectUnreadableError(
            f"{configuration} is missing; run this in the folder of the project, or write it anew: "
            ".venv/bin/shelfcast contract --write"
        )
    with _silence():
        import great_expectations as gx  # noqa: PLC0415 # takes seconds, and talks while it loads

        from shelfcast.quality import duckdb_results  # noqa: F401, PLC0415

        root = folder / PROJECT
        root.mkdir()
        shutil.copy(configuration, root)
        for path, text in _suite_files(suites).items():
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        try:
            context = gx.get_context(
                mode="file",
                context_root_dir=root,
                runtime_environment={DATABASE_VARIABLE: database},
            )
        # what is wrong with a configuration shows in errors of many kinds
        except Exception as error:
            raise ProjectUnreadableError(
                f"{configuration} cannot be read ({type(error).__name__}); write it anew: "
                ".venv/bin/shelfcast contract --write"
            ) from error
        yield context


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the warnings and logs of Great Expectations off the terminal."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _configuration(batches: list[str]) -> str:
    def store(kind: str, folder: str) -> dict[str, Any]:
        return {"class_name": kind, "store_backend": _folder(folder)}

    assets = {
        name: {
            "type": "table",
            "id": _id("asset", name),
            "table_name": name,
            "batch_metadata": {},
            "batch_definitions": {BATCH: {"id": _id("batch", name), "partitioner": None}},
        }
        for name in batches
    }
    page = {"module_name": "shelfcast.quality.pages"}
    configuration = {
        "config_version": 4.0,
        "analytics_enabled": False,
        "data_context_id": _id("context", "gate"),
        "config_variables_file_path": None,
        "plugins_directory": None,
        "progress_bars": {"globally": False},
        "stores": {
            "expectations_store": store("ExpectationsStore", "expectations/"),
            "validation_definition_store": store(
                "ValidationDefinitionStore", "validation_definitions/"
            ),
            "checkpoint_store": store("CheckpointStore", "checkpoints/"),
            "validation_results_store": store("ValidationResultsStore", "uncommitted/validations/"),
        },
        "expectations_store_name": "expectations_store",
        "validation_results_store_name": "validation_results_store",
        "checkpoint_store_name": "checkpoint_store",
        "fluent_datasources": {
            DATASOURCE: {
                "type": "sql",
                "id": _id("datasource", DATASOURCE),
                "connection_string": f"${{{DATABASE_VARIABLE}}}",
                "assets": assets,
            }
        },
        "data_docs_sites": {
            "gate": {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": _folder(f"{SITE}/"),
                "site_index_builder": {
                    "class_name": "DefaultSiteIndexBuilder",
                    "renderer": {**page, "class_name": "IndexRenderer"},
                    "view": {**page, "class_name": "PageView"},
                },
                "site_section_builders": {
                    "expectations": "None",
                    "profiling": "None",
                    "validations": {
                        "class_name": "DefaultSiteSectionBuilder",
                        "source_store_name": "validation_results_store",
                        "renderer": {**page, "class_name": "SuiteRenderer"},
                        "view": {**page, "class_name": "PageView"},
                    },
                },
            }
        },
    }
    return f"{RENDERED_BY}\n{yaml.safe_dump(configuration, sort_keys=False)}"


def _folder(path: str) -> dict[str, Any]:
    return {
        "class_name": "TupleFilesystemStoreBackend",
        "suppress_store_backend_id": True,
        "base_directory": path,
    }


def _suite_files(suites: dict[str, list[Expected]]) -> dict[Path, str]:
    """Return the suites, the definitions of what they are run on, and the checkpoint over all."""
    files: dict[str, dict[str, Any]] = {}
    for name, expectations in suites.items():
        files[f"expectations/{name}.json"] = {
            "name": name,
            "id": _id("suite", name),
            "expectations": [_expectation(expected) for expected in expectations],
            "meta": {},
            "notes": None,
        }
        files[f"validation_definitions/{name}.json"] = {
            "name": name,
            "id": _id("validation", name),
            "data": {
                "datasource": {"name": DATASOURCE, "id": _id("datasource", DATASOURCE)},
                "asset": {"name": name, "id": _id("asset", name)},
                "batch_definition": {"name": BATCH, "id": _id("batch", name)},
            },
            "suite": {"name": name, "id": _id("suite", name)},
        }
    files[f"checkpoints/{CHECKPOINT}.json"] = {
        "name": CHECKPOINT,
        "id": _id("checkpoint", CHECKPOINT),
        "validation_definitions": [
            {"name": name, "id": _id("validation", name)} for name in suites
        ],
        "actions": [],
        "result_format": {"result_format": "BASIC", "partial_unexpected_count": 3},
    }
    return {Path(path): json.dumps(content, indent=2) + "\n" for path, content in files.items()}


def _expectation(expected: Expected) -> dict[str, Any]:
    return {
        "type": expected.type,
        "kwargs": expected.kwargs,
        "severity": expected.severity.value,
        "description": expected.description,
        "meta": {
            "check": expected.check,
            "column": expected.column,
            "remedy": expected.remedy,
            "covers": expected.covers,
        },
        "id": _id("expectation", expected.check),
    }


def _id(kind: str, name: str) -> str:
    """Return an id that depends on the name alone."""
    return str(uuid5(NAMESPACE_URL, f"shelfcast/gx/{kind}/{name}"))
