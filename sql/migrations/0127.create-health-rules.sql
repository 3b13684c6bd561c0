-- What is measured of the house's health, and from when it is bad. A threshold is a row: changing one needs no migration.
-- depends: 0126.show-migrations

set local role renderstore_owner;

create type ops.verdict as enum ('ok', 'unknown', 'warn', 'fail');
comment on type ops.verdict is
    'How it stands: ok; unknown, where whoever asks may not see it; warn, somebody should look; fail, somebody must.';

create type ops.health_unit as enum ('number', 's', 'ms', 'percent', 'bytes');
comment on type ops.health_unit is
    'What a measure is in.';

create table ops.health_rules (
    name text not null,
    position integer not null,
    unit ops.health_unit not null,
    is_callers boolean not null default false,
    warn_above numeric,
    fail_above numeric,
    sentence text not null,
    remedy text not null,
    updated_at timestamptz not null default now(),
    updated_by text not null default identity.current_actor(),

    constraint health_rules_pkey primary key (name),
    constraint health_rules_position_key unique (position),
    constraint health_rules_name_is_slug_check check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    constraint health_rules_sentence_has_one_value_check
        check (length(sentence) <= 200 and sentence ~ '^[^%]*%s[^%]*$'),
    constraint health_rules_remedy_is_short_check
        check (length(remedy) between 1 and 200),
    constraint health_rules_fail_above_warn_check check (fail_above >= warn_above)
);

comment on table ops.health_rules is
    'One row a measure of the house''s health: from where it is a warning, or a failure.';
comment on column ops.health_rules.name is
    'The measure.';
comment on column ops.health_rules.position is
    'Its place in the list.';
comment on column ops.health_rules.unit is
    'What it is in.';
comment on column ops.health_rules.is_callers is
    'Whether the caller measures it, such as its own round trip, and not the database.';
comment on column ops.health_rules.warn_above is
    'A value above it is a warning; null for none.';
comment on column ops.health_rules.fail_above is
    'A value above it is a failure; null for none.';
comment on column ops.health_rules.sentence is
    'What the value means, for people; %s stands for it.';
comment on column ops.health_rules.remedy is
    'What to do about it, or what shows more: 1 to 200 characters.';
comment on column ops.health_rules.updated_at is
    'When the row last changed.';
comment on column ops.health_rules.updated_by is
    'Who changed it last.';
comment on constraint health_rules_pkey on ops.health_rules is
    'There is already a rule for this measure.';
comment on constraint health_rules_position_key on ops.health_rules is
    'There is already a measure at this place.';
comment on constraint health_rules_name_is_slug_check on ops.health_rules is
    'A measure''s name has 1 to 40 lower-case letters, digits and underscores and begins with a letter.';
comment on constraint health_rules_sentence_has_one_value_check on ops.health_rules is
    'A measure''s sentence has %s once for the value, and at most 200 characters.';
comment on constraint health_rules_remedy_is_short_check on ops.health_rules is
    'What to do about a measure is said in 1 to 200 characters.';
comment on constraint health_rules_fail_above_warn_check on ops.health_rules is
    'A failure is not below its warning.';

create trigger health_rules_set_updated_at
before update on ops.health_rules
for each row
execute function ops.set_updated_at();
create trigger health_rules_set_updated_by
before update on ops.health_rules
for each row
execute function ops.set_updated_by();

grant select on ops.health_rules
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
grant update (warn_above, fail_above) on ops.health_rules to renderstore_admin;

insert into ops.health_rules (
    position,
    name,
    unit,
    is_callers,
    warn_above,
    fail_above,
    sentence,
    remedy
)
values
    (
        10,
        'round_trip_ms',
        'ms',
        true,
        50,
        1000,
        'A statement and its answer take %s.',
        'just bench self says where the time goes.'
    ),
    (
        20,
        'migrations_pending',
        'number',
        true,
        0,
        null,
        '%s migrations are pending.',
        'just migrate applies them.'
    ),
    (
        30,
        'pool_used_percent',
        'percent',
        true,
        90,
        null,
        '%s of this program''s pool is in use.',
        'A scope that stays open holds a connection; max_size of the pool is '
        'the limit.'
    ),
    (
        40,
        'pool_waiting',
        'number',
        true,
        0,
        20,
        '%s callers wait for a connection of this program''s pool.',
        'Scopes stay open too long, or max_size is too small.'
    ),
    (
        50,
        'connections_used_percent',
        'percent',
        false,
        80,
        95,
        '%s of the server''s connections are in use.',
        ':connections shows whose they are; a pooler holds fewer.'
    ),
    (
        60,
        'cache_misses_percent',
        'percent',
        false,
        10,
        null,
        '%s of the blocks that were read came from the disk.',
        'shared_buffers may be too small; :slow shows what reads.'
    ),
    (
        65,
        'slowest_query_ms',
        'ms',
        false,
        1000,
        null,
        'The slowest of our queries that cost the most takes %s a call.',
        'just slow says which.'
    ),
    (
        70,
        'database_bytes',
        'bytes',
        false,
        null,
        null,
        'The database takes %s.',
        ':sizes shows which tables.'
    ),
    (
        80,
        'oldest_transaction_s',
        's',
        false,
        300,
        3600,
        'The oldest transaction has been open for %s.',
        ':running shows whose it is; vacuum cleans nothing that is younger.'
    ),
    (
        90,
        'lock_wait_s',
        's',
        false,
        5,
        60,
        'Somebody has waited for a lock for %s.',
        ':locks shows who waits for whom.'
    ),
    (
        100,
        'replication_lag_s',
        's',
        false,
        30,
        300,
        'The slowest replica is %s behind.',
        'Look at pg_stat_replication on the primary, at the log on the replica.'
    ),
    (
        105,
        'replication_behind_bytes',
        'bytes',
        false,
        67108864,
        10737418240,
        'The slowest replica has not replayed %s of WAL.',
        'It hangs, or cannot keep up: pg_is_wal_replay_paused() there, its log.'
    ),
    (
        110,
        'replication_kept_bytes',
        'bytes',
        false,
        1073741824,
        10737418240,
        'A replication slot keeps %s of WAL that nobody has fetched.',
        'Bring its replica back, or drop the slot before the disk is full.'
    ),
    (
        120,
        'dead_tuples_percent',
        'percent',
        false,
        40,
        null,
        'Of the table with the most dead rows, %s are dead.',
        ':vacuum shows which; an open transaction may hold it up.'
    ),
    (
        130,
        'wraparound_percent',
        'percent',
        false,
        50,
        80,
        '%s of the transaction ids are used before a freeze must come.',
        'autovacuum is off or held up: :vacuum.'
    ),
    (
        140,
        'invalid_indexes',
        'number',
        false,
        0,
        null,
        '%s indexes are invalid: nothing reads them, every write keeps them.',
        'just validate names them; drop each and make it again.'
    ),
    (
        150,
        'waiting_jobs',
        'number',
        false,
        null,
        null,
        '%s jobs wait in line.',
        ':queue shows them by status.'
    ),
    (
        160,
        'oldest_waiting_s',
        's',
        false,
        3600,
        null,
        'The oldest job in line has waited for %s.',
        ':stuck says what holds it.'
    ),
    (
        170,
        'expired_leases',
        'number',
        false,
        0,
        100,
        '%s jobs run under a lease that is over for more than a minute.',
        'No sweep runs, or it cannot: just sweep.'
    ),
    (
        180,
        'sweep_age_s',
        's',
        false,
        600,
        3600,
        'A part of the sweep last ran %s ago.',
        'just sweep, every minute: docs/operations.md, Upkeep.'
    ),
    (
        185,
        'sweep_parts_never_run',
        'number',
        false,
        0,
        0,
        '%s parts of the sweep have never run.',
        'just sweep, every minute: docs/operations.md, Upkeep.'
    ),
    (
        190,
        'sweep_problems',
        'number',
        false,
        0,
        null,
        '%s parts of the sweep failed when they last ran.',
        'select what, problem from ops.sweep_parts where problem is not null.'
    ),
    (
        200,
        'removals_wait_s',
        's',
        false,
        86400,
        null,
        'A file that is to be removed has waited for %s.',
        'No janitor runs: just janitor.'
    ),
    (
        210,
        'services_down',
        'number',
        false,
        0,
        null,
        '%s services are down.',
        ':services shows which.'
    );
