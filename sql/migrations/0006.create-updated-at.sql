-- One trigger function keeps every updated_at.
-- depends: 0005.create-current-user

set local role renderstore_owner;

create function ops.set_updated_at()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.updated_at = now();
    return new;
end
$$;

comment on function ops.set_updated_at() is
    'Trigger: sets updated_at to the time of the transaction that changes the row.';
