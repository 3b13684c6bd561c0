-- Where each table lives when there are several farms: what a farm gets from home, what moves with a user, and what
-- stays where it is. What home publishes holds no secret.
-- depends: 0141.import-rows

set local role renderstore_owner;

create table ops.placements (
    table_name text not null,
    placed text not null,
    is_published boolean not null,

    constraint placements_pkey primary key (table_name),
    constraint placements_table_name_has_schema_check
        check (table_name ~ '^[a-z_]{1,63}\.[a-z_]{1,63}$'),
    constraint placements_placed_is_known_check
        check (placed in ('home', 'node', 'owner')),
    constraint placements_published_is_homes_check
        check (not is_published or placed = 'home')
);

comment on table ops.placements is
    'One row a table: where its rows live when there are several farms. A migration that makes a table adds one.';
comment on column ops.placements.table_name is
    'The table, with its schema.';
comment on column ops.placements.placed is
    'home: written at home alone. node: this database''s own. owner: a user''s, on the farm where the user lives, and moves along.';
comment on column ops.placements.is_published is
    'Whether home''s rows are copied to every farm; what holds a secret is not.';
comment on constraint placements_pkey on ops.placements is
    'This table already has its place.';
comment on constraint placements_table_name_has_schema_check on ops.placements is
    'A table is named with its schema.';
comment on constraint placements_placed_is_known_check on ops.placements is
    'A table is home''s, a node''s or an owner''s.';
comment on constraint placements_published_is_homes_check on ops.placements is
    'Only what is home''s is published.';

grant select on ops.placements to renderstore_admin, renderstore_readonly;

insert into ops.placements (table_name, placed, is_published)
values
    ('identity.account_secrets', 'home', false),
    ('identity.accounts', 'home', false),
    ('identity.api_tokens', 'home', false),
    ('identity.bootstraps', 'home', false),
    ('identity.macos_accounts', 'home', false),
    ('identity.plans', 'home', true),
    ('identity.session_tokens', 'home', false),
    ('identity.user_secrets', 'home', false),
    ('identity.users', 'home', true),
    ('identity.verification_tokens', 'home', false),
    ('identity.web_sessions', 'home', false),
    ('ops.farms', 'home', true),
    ('ops.health_rules', 'home', true),
    ('ops.import_refusals', 'home', false),
    ('ops.imported', 'home', false),
    ('ops.limits', 'home', true),
    ('ops.retentions', 'home', true),
    ('ops.service_secrets', 'home', false),
    ('ops.service_spans', 'home', false),
    ('ops.service_states', 'home', false),
    ('ops.services', 'home', false),
    ('studio.standard_presets', 'home', true),
    ('audit.columns', 'node', false),
    ('audit.entries', 'node', false),
    ('identity.owners', 'node', false),
    ('media.transitions', 'node', false),
    ('ops.here', 'node', false),
    ('ops.moves', 'node', false),
    ('ops.placements', 'node', false),
    ('ops.sweep_parts', 'node', false),
    ('studio.transitions', 'node', false),
    ('work.arrivals', 'node', false),
    ('work.duties', 'node', false),
    ('work.error_classes', 'node', false),
    ('work.labels', 'node', false),
    ('work.lanes', 'node', false),
    ('work.leftovers', 'node', false),
    ('work.pauses', 'node', false),
    ('work.ready', 'node', false),
    ('work.reports', 'node', false),
    ('work.transitions', 'node', false),
    ('work.turns', 'node', false),
    ('work.waits', 'node', false),
    ('work.worker_lanes', 'node', false),
    ('work.workers', 'node', false),
    ('media.download_files', 'owner', false),
    ('media.download_specs', 'owner', false),
    ('media.requests', 'owner', false),
    ('media.usages', 'owner', false),
    ('ops.notices', 'owner', false),
    ('ops.rate_limits', 'owner', false),
    ('ops.removals', 'owner', false),
    ('render.outputs', 'owner', false),
    ('render.specs', 'owner', false),
    ('studio.animations', 'owner', false),
    ('studio.assets', 'owner', false),
    ('studio.characters', 'owner', false),
    ('studio.frames', 'owner', false),
    ('studio.job_assets', 'owner', false),
    ('studio.presets', 'owner', false),
    ('studio.project_jobs', 'owner', false),
    ('studio.projects', 'owner', false),
    ('studio.scenes', 'owner', false),
    ('studio.step_costs', 'owner', false),
    ('studio.step_specs', 'owner', false),
    ('studio.tags', 'owner', false),
    ('studio.usages', 'owner', false),
    ('work.dependencies', 'owner', false),
    ('work.events', 'owner', false),
    ('work.jobs', 'owner', false),
    ('work.logs', 'owner', false),
    ('work.usages', 'owner', false),
    ('work.user_pauses', 'owner', false);
