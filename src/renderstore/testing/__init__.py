"""Disposable databases for tests: this project's own and its users'.

The pytest plugin of this package gives the fixtures `renderstore_database`, `renderstore_store`,
`renderstore_astore` and `renderstore_empty_database`. RENDERSTORE_TEST_SERVER says where:
`container` (the default where Docker answers), `embedded`, a URL, or a folder of PostgreSQL binaries.
"""

from renderstore.testing.servers import Database, Server, running_server

__all__ = ["Database", "Server", "running_server"]
