"""What a job's life comes to."""

from __future__ import annotations

from renderstore.work import JobStatus

ENDED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})
