"""How fast the database in use is, asked without leaving anything in it, and what looks slow and why."""

from renderstore._bench.findings import findings
from renderstore._bench.measuring import Figure, Report, Unknown, measure

__all__ = ["Figure", "Report", "Unknown", "findings", "measure"]
