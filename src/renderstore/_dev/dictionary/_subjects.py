"""What a picture shows where an area has too much for one.

A table may stand in several: a picture without its parents says little. Which tables belong together
is a matter of meaning that no foreign key tells, so a person writes it down here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

# More than these, drawn at once, cannot be read on a page.
MOST = 8

Subjects: TypeAlias = Mapping[str, Sequence[str]]
"""The tables of each picture, by the picture's title."""

SUBJECTS: Mapping[str, Subjects] = {
    "identity": {
        "People and plans": (
            "plans",
            "users",
            "owners",
            "macos_accounts",
            "user_secrets",
            "bootstraps",
        ),
        "Signing in": (
            "users",
            "owners",
            "accounts",
            "account_secrets",
            "web_sessions",
            "verification_tokens",
        ),
        "Tokens": ("owners", "session_tokens", "api_tokens"),
    },
    "work": {
        "A job's life": ("jobs", "dependencies", "events", "logs", "transitions"),
        "The line": ("arrivals", "ready", "turns", "jobs"),
        "Who takes from it": ("lanes", "worker_lanes", "workers", "waits"),
        "Rules and counts": (
            "usages",
            "leftovers",
            "user_pauses",
            "pauses",
            "labels",
            "error_classes",
            "duties",
            "reports",
        ),
    },
    "studio": {
        "Scenes and characters": (
            "projects",
            "scenes",
            "characters",
            "animations",
            "frames",
            "tags",
        ),
        "Files": ("projects", "assets", "frames", "job_assets", "usages"),
        "Jobs and what they cost": (
            "projects",
            "scenes",
            "project_jobs",
            "step_specs",
            "step_costs",
        ),
        "Presets and rules": ("presets", "standard_presets", "transitions"),
    },
    "media": {
        "Requests": ("requests", "usages", "transitions"),
        "Downloads": ("download_specs", "download_files"),
    },
    "ops": {
        "Several farms": ("farms", "here", "placements", "moves"),
        "Services": (
            "services",
            "service_states",
            "service_spans",
            "service_secrets",
        ),
        "What came from elsewhere": ("imported", "import_refusals"),
        "The house": (
            "notices",
            "rate_limits",
            "limits",
            "removals",
            "retentions",
            "sweep_parts",
            "health_rules",
        ),
    },
}
