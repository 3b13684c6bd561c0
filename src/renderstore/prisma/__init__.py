"""Brings what a Prisma database holds into this one: `renderstore import prisma`.

The database judges every row and writes it, in one function an administrator may call; here the rows are read,
a batch at a time, and what became of them is counted.
"""

from renderstore.prisma._importing import Came, Silent, Watcher, import_all
from renderstore.prisma._source import KINDS, NoSource, Table, open_source

__all__ = [
    "KINDS",
    "Came",
    "NoSource",
    "Silent",
    "Table",
    "Watcher",
    "import_all",
    "open_source",
]
