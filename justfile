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

# Start a database, migrate it, load demonstration data: up, then seed
[group('database')]
init *options:
    @{{ renderstore }} init "$@"

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

# What costs the most time, our queries by name: just slow [--inside]
[group('database')]
slow *options:
    @{{ renderstore }} slow "$@"

# Open psql: readonly, or `owner`, `admin`, `worker`, `auth`, `login`
[group('database')]
psql who="readonly" *arguments:
    @{{ renderstore }} psql "$@"

# Browse the database in a browser, reading only until `--write`: just studio [--port 5555]
[group('database')]
studio *options:
    @{{ run }} --extra studio renderstore studio "$@"

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

# How does the database stand, and why? The exit status is the verdict: 0 ok, 1 warn, 2 fail, 3 unknown
[group('watch')]
health *options:
    @{{ renderstore }} health "$@"

# The farm as it stands, worst first, until Ctrl-C: just watch [--once]
[group('watch')]
watch *options:
    @{{ renderstore }} watch "$@"

# Ask the services whether they live: just check-services [--forever]
[group('watch')]
check-services *options:
    @{{ renderstore }} check "$@"

# One row's life, who did what to it: just history studio.projects ID
[group('watch')]
history table key *options:
    @{{ renderstore }} history "$@"

# Do what time asks for, once a minute: just sweep [--forever]
[group('watch')]
sweep *options:
    @{{ renderstore }} sweep "$@"

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

# Farms that follow home: just farm list, check, add NUMBER --name NAME, move E-MAIL NUMBER
[group('database')]
farm *options:
    @{{ renderstore }} farm "$@"

# Home and two farms on this machine, with a demo over all of them: just farms [--for 20s]; just farms down
[group('database')]
farms *options:
    @{{ renderstore }} farms "$@"

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

# A simulated farm at work, with the live view: just demo [--for 20s]
[group('database')]
demo *options:
    @{{ renderstore }} demo "$@"

# Back the database up, counted against its snapshot: just backup farm.backup
[group('database')]
backup file *options:
    @{{ renderstore }} backup "$@"

# Restore into another database, rows and walls proven: just restore farm.backup --into farm_copy
[group('database')]
restore file *options:
    @{{ renderstore }} restore "$@"

# Bring a Prisma database's users, tokens and jobs here: just import prisma --from URL --kind render-manager --dry-run
[group('database')]
import *options:
    @{{ renderstore }} import "$@"

# Apply what is pending, then list all migrations
[group('migrations')]
migrate *options:
    @{{ renderstore }} migrate "$@"

# Undo the last migration, or REVISION and all after it
[group('migrations')]
rollback *revision:
    @{{ renderstore }} rollback "$@"

# Say what of the database is not as the migrations make it: `--verbose`, `--json`
[group('migrations')]
validate *options:
    @{{ renderstore }} validate "$@"

# Remove the lock that a killed yoyo left, after saying who held it
[group('migrations')]
unlock *options:
    @{{ renderstore }} unlock "$@"

# Try the working migrations on a scratch clone: what they change, and whether their rollbacks undo it
[group('migrations')]
push *options:
    @{{ renderstore }} push "$@"

# What the database has that the migrations do not make: others' objects, then `validate`
[group('migrations')]
pull *options:
    @{{ renderstore }} pull "$@"

# Record what a killed yoyo did: just resolve --applied 0012, just resolve --rolled-back 0012
[group('migrations')]
resolve *options:
    @{{ renderstore }} resolve "$@"

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

# Write docs/dictionary, a page a table and pictures an area
[group('code')]
docs *options:
    @{{ renderstore }} docs "$@"

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
    @{{ renderstore }} docs --check
    @just test

# Measurements: self (the database in use), typed, scopes, queue, studio, media, ops, health, audit, farms
[group('code')]
bench what *arguments:
    what="$1"; shift; {{ run }} {{ if what == "queue" { "--group bench" } else { "" } }} python -m "bench.$what" "$@"

# What is too heavy for every run, and for memory: a million rows, hundreds of kills, `mutants` [ROOM…]
[group('code')]
prove *arguments:
    @if [ "${1-}" = mutants ]; then shift; {{ run }} python -m tests.mutants "$@"; else \
    TMPDIR="${TMPDIR:-/tmp}" RENDERSTORE_PROVE=1 RENDERSTORE_ROWS=1000000 {{ run }} pytest -n 2 --dist worksteal "$@"; fi
