"""Importers: well-known public data sets become a landing folder under the landing contract.

An importer reads files that the user has fetched; it downloads nothing. Every line that it reads
becomes a row of a landed file, or its report counts it and says why it was left out. What a data
set lacks and a plan needs is simulated, in files whose names end in ``_simulated``.
"""

from shelfcast.importers.favorita import import_favorita
from shelfcast.importers.files import ImportFileError, ImportReport
from shelfcast.importers.fresh_retail import import_fresh_retail
from shelfcast.importers.online_retail import import_online_retail

__all__ = [
    "ImportFileError",
    "ImportReport",
    "import_favorita",
    "import_fresh_retail",
    "import_online_retail",
]
