insert into ops.service_states (service_id, state, span_began_at)
values ('plex', 'up', now());
insert into ops.service_spans (service_id, began_at, ended_at, state)
values ('plex', '2026-01-01', '2026-01-02', 'down');
