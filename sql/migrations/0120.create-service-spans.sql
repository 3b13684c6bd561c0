-- What checks found, kept as spans of time: uptime of any window is a sum over few rows, exact. The span that goes on lies in the
-- service's state, so that a check that finds nothing new changes one row. Time that nobody checked has no span and counts for
-- neither side.
-- depends: 0119.create-service-secrets

set local role renderstore_owner;

create type ops.service_state as enum ('unknown', 'up', 'down');
comment on type ops.service_state is
    'Whether a service lives: unknown (not set up, not checked, or not for long enough), up, down.';

create table ops.service_states (
    service_id text not null,
    state ops.service_state not null default 'unknown',
    span_began_at timestamptz,
    stale_at timestamptz not null default now(),
    told ops.service_state not null default 'unknown',
    failures bigint not null default 0,
    failed_at timestamptz,
    response_ms bigint,
    message text,
    last_check_at timestamptz,
    last_change_at timestamptz,

    constraint service_states_pkey primary key (service_id),
    constraint service_states_service_id_fkey foreign key (service_id)
        references ops.services (id) on delete cascade,
    constraint service_states_span_began_unless_unknown_check
        check ((state = 'unknown') = (span_began_at is null)),
    constraint service_states_failures_are_not_negative_check check (failures >= 0),
    constraint service_states_failed_at_while_failing_check
        check ((failures > 0) = (failed_at is not null)),
    constraint service_states_response_ms_is_not_negative_check
        check (response_ms >= 0),
    constraint service_states_message_is_short_check check (length(message) <= 500)
) with (fillfactor = 50);

comment on table ops.service_states is
    'One row a service that was ever checked: what the last checks found, and since when.';
comment on column ops.service_states.service_id is
    'The service.';
comment on column ops.service_states.state is
    'What the last checks say of it until stale_at; after that nobody knows.';
comment on column ops.service_states.span_began_at is
    'Since when it is so without a gap; null while it is unknown.';
comment on column ops.service_states.stale_at is
    'From when the last check says nothing any more: after twice the time between two checks.';
comment on column ops.service_states.told is
    'What administrators were told last; unknown where they were told nothing.';
comment on column ops.service_states.failures is
    'How many checks failed in a row.';
comment on column ops.service_states.failed_at is
    'When the first of the failures in a row was; null without one.';
comment on column ops.service_states.response_ms is
    'How long the last answer took, in milliseconds; null where there was none.';
comment on column ops.service_states.message is
    'What the last check said, up to 500 characters; null where it said nothing.';
comment on column ops.service_states.last_check_at is
    'When it was last checked; null where it never was.';
comment on column ops.service_states.last_change_at is
    'When it last went up or down; null where it never did.';
comment on constraint service_states_pkey on ops.service_states is
    'This service already has a state.';
comment on constraint service_states_service_id_fkey on ops.service_states is
    'There is no service with this id; still referenced: the service has a state.';
comment on constraint service_states_span_began_unless_unknown_check
on ops.service_states is
    'A span has a begin unless it is unknown what it is.';
comment on constraint service_states_failures_are_not_negative_check
on ops.service_states is
    'The count of failures is 0 or more.';
comment on constraint service_states_failed_at_while_failing_check
on ops.service_states is
    'Failures in a row have a first one.';
comment on constraint service_states_response_ms_is_not_negative_check
on ops.service_states is
    'An answer takes 0 milliseconds or more.';
comment on constraint service_states_message_is_short_check on ops.service_states is
    'What a check said has at most 500 characters.';

create table ops.service_spans (
    service_id text not null,
    ended_at timestamptz not null,
    began_at timestamptz not null,
    state ops.service_state not null,

    -- Spans of a service do not overlap: their ends are in order as their begins are.
    constraint service_spans_pkey primary key (service_id, ended_at),
    constraint service_spans_service_id_fkey foreign key (service_id)
        references ops.services (id) on delete cascade,
    constraint service_spans_begin_comes_first_check check (began_at < ended_at),
    constraint service_spans_are_up_or_down_check check (state <> 'unknown')
);

comment on table ops.service_spans is
    'One row a time that is over in which a service was up, or down.';
comment on column ops.service_spans.service_id is
    'The service.';
comment on column ops.service_spans.ended_at is
    'When it ended.';
comment on column ops.service_spans.began_at is
    'When it began.';
comment on column ops.service_spans.state is
    'Up or down.';
comment on constraint service_spans_pkey on ops.service_spans is
    'This service already has a span that ends then.';
comment on constraint service_spans_service_id_fkey on ops.service_spans is
    'There is no service with this id; still referenced: the service has spans.';
comment on constraint service_spans_begin_comes_first_check on ops.service_spans is
    'A span ends after it began.';
comment on constraint service_spans_are_up_or_down_check on ops.service_spans is
    'What nobody checked has no span.';

-- What a failed check said names hosts of the own network.
grant select (
    service_id,
    state,
    span_began_at,
    stale_at,
    response_ms,
    last_check_at,
    last_change_at
) on ops.service_states
to renderstore_app;
grant select on ops.service_states
    to renderstore_worker, renderstore_admin, renderstore_readonly;
grant select on ops.service_spans
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
