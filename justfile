# Every recipe is one line over `renderstore`, or over a tool of the dev group.
# A bare `just` lists them.

set positional-arguments

run := "uv run --quiet --extra embedded"
renderstore := run + " renderstore"

[private]
default:
    @just --list --unsorted

# Start a database, migrate it, say what is there
[group('database')]
up *options:
    @{{ renderstore }} up "$@"

# Stop the embedded server; its data stays
[group('database')]
down:
    @{{ renderstore }} down

# Start over: everything in the database is lost
[group('database')]
reset *options:
    @{{ renderstore }} reset "$@"

# Reached? As whom? How fast? What is pending?
[group('database')]
ping:
    @{{ renderstore }} ping

# Open psql: readonly, or `owner`, `admin`, `worker`, `auth`, `login`
[group('database')]
psql who="readonly" *arguments:
    @{{ renderstore }} psql "$@"

# Print the working login's address, or `owner`'s, and nothing else
[group('database')]
url who="working":
    @{{ renderstore }} url "$@"

# Make a login for production: web, worker, admin, authjs or readonly
[group('database')]
login purpose name *options:
    @{{ renderstore }} login "$@"

# Run a program once a job: just work mac-studio-3 --run "./render.sh" --labels gpu
[group('database')]
work name *options:
    @{{ renderstore }} work "$@"

# Bring a folder of images into a project: just import-folder public/assets --user E-MAIL --project TITLE --root /srv/assets
[group('files')]
import-folder path *options:
    @{{ renderstore }} import-folder "$@"

# Remove the files that nothing names any more: just janitor --root /srv/assets
[group('files')]
janitor *options:
    @{{ renderstore }} janitor "$@"

# Files without a row, rows without a file: just reconcile --root /srv/assets [--fix]
[group('files')]
reconcile *options:
    @{{ renderstore }} reconcile "$@"

# Print a new entry for RENDERSTORE_KEYS, and nothing else
[group('database')]
key *id:
    @{{ renderstore }} key "$@"

# Encrypt every stored secret again with the first key
[group('database')]
reencrypt *options:
    @{{ renderstore }} reencrypt "$@"

# Load demonstration data
[group('database')]
seed *options:
    @{{ renderstore }} seed "$@"

# Apply what is pending, then list all migrations
[group('migrations')]
migrate *options:
    @{{ renderstore }} migrate "$@"

# Undo the last migration, or REVISION and all after it
[group('migrations')]
rollback *revision:
    @{{ renderstore }} rollback "$@"

# Remove the lock that a killed yoyo left, after saying who held it
[group('migrations')]
unlock *options:
    @{{ renderstore }} unlock "$@"

# Write the next migration's pair: just new "add retry limit to jobs"
[group('migrations')]
new subject:
    @{{ renderstore }} new "$@"

# Write sql/schema.sql, the present structure
[group('migrations')]
snapshot *options:
    @{{ renderstore }} snapshot "$@"

# Write the typed modules from sql/queries
[group('code')]
generate *options:
    @{{ renderstore }} generate "$@"

# Style of Python and SQL, locks that a migration would take
[group('code')]
lint:
    {{ run }} ruff check
    {{ run }} ruff format --check
    {{ run }} squawk sql/migrations/*.sql
    {{ run }} sqlfluff lint --disable-progress-bar --processes 2 sql

# Format Python
[group('code')]
format:
    {{ run }} ruff check --fix
    {{ run }} ruff format

# mypy and pyright, both strict
[group('code')]
types:
    {{ run }} mypy
    {{ run }} pyright

# Every test, on databases of their own
[group('code')]
test *arguments:
    {{ run }} pytest -n auto --dist worksteal "$@"

# What to do before a commit
[group('code')]
check: lint types
    @{{ renderstore }} generate --check
    @{{ renderstore }} snapshot --check
    @just test

# Measurements: typed, scopes, queue, studio, media (with `uv sync --group bench` for its peers)
[group('code')]
bench what *arguments:
    what="$1"; shift; {{ run }} python -m "bench.$what" "$@"

# What is too heavy for every run, and for memory: a million rows, hundreds of kills, `mutants` [ROOM…]
[group('code')]
prove *arguments:
    @if [ "${1-}" = mutants ]; then shift; {{ run }} python -m tests.mutants "$@"; else \
    TMPDIR="${TMPDIR:-/tmp}" RENDERSTORE_PROVE=1 RENDERSTORE_ROWS=1000000 {{ run }} pytest -n 2 --dist worksteal "$@"; fi
