-- One schema an area, all owned by renderstore_owner. Functions are closed to PUBLIC by
-- default; what everybody may run is granted one by one. A login that inherits nothing must still reach
-- identity.bind, so everybody may look into identity.
-- depends: 0001.create-roles

create schema identity authorization renderstore_owner;
create schema work authorization renderstore_owner;
create schema render authorization renderstore_owner;
create schema studio authorization renderstore_owner;
create schema media authorization renderstore_owner;
create schema ops authorization renderstore_owner;
create schema audit authorization renderstore_owner;
create schema authjs authorization renderstore_owner;

set local role renderstore_owner;

alter default privileges revoke execute on functions from public;

comment on schema identity is
    'Who people are: users, plans, accounts, sessions and tokens.';
comment on schema work is
    'Jobs of every kind and their life: queue, leases, quotas, events, logs, workers.';
comment on schema render is
    'What a render job is to do: project, template, paths, frames, nexrender''s configuration.';
comment on schema studio is
    'Projects, scenes, characters, animations, frames, their assets and presets.';
comment on schema media is
    'Media requests and downloads.';
comment on schema ops is
    'Running the house: service status and configuration, rate limits, health, maintenance.';
comment on schema audit is
    'The append-only trail of who changed what.';
comment on schema authjs is
    'Views under the names and columns that the PostgreSQL adapter of Auth.js expects.';

grant usage on schema identity to public;
grant usage on schema work, render, studio, media, ops
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
grant usage on schema ops to renderstore_auth;
grant usage on schema audit
    to renderstore_app, renderstore_admin, renderstore_readonly;
grant usage on schema authjs to renderstore_auth;
