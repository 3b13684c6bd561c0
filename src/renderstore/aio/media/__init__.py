"""Media requests and downloads. For asyncio.

Generated from sql/queries/media/ by `just generate`; do not edit.
"""

from renderstore.aio.media import download_files, downloads, requests, usages
from renderstore.aio.media.area import list_problems
from renderstore.media.enums import DownloadStatus, FileState, MediaType, RequestStatus

__all__ = [
    "DownloadStatus",
    "FileState",
    "MediaType",
    "RequestStatus",
    "download_files",
    "downloads",
    "list_problems",
    "requests",
    "usages",
]
