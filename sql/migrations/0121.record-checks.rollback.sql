set local role renderstore_owner;

drop function ops.record_check(text, ops.service_state, bigint, text);
drop function ops.note_check(
    ops.services,
    ops.service_states,
    boolean,
    bigint,
    text,
    timestamptz
);
drop function ops.end_span(ops.service_states, timestamptz);
drop function ops.tell_administrators(text, jsonb);
