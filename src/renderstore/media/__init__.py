"""Media requests and downloads.

Generated from sql/queries/media/ by `just generate`; do not edit.
"""

from renderstore.media import download_files, downloads, requests, usages
from renderstore.media.area import list_problems
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
