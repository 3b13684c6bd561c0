-- Who moves to another farm. While somebody does, nothing of theirs is written where they come from; where they arrive,
-- the row says that all of it is there. renderstore farm move writes it, and nothing else.
-- depends: 0143.guard-home

set local role renderstore_owner;

create table ops.moves (
    user_id uuid not null,
    to_farm_id smallint not null,
    began_at timestamptz not null default now(),

    constraint moves_pkey primary key (user_id),
    constraint moves_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint moves_to_farm_id_is_positive_check check (to_farm_id > 0)
);

comment on table ops.moves is
    'One row a user who moves from this farm, or to it. `renderstore farm move`, run again, ends what was broken off.';
comment on column ops.moves.user_id is
    'The user.';
comment on column ops.moves.to_farm_id is
    'The farm that the user moves to; this one, where the user arrives.';
comment on column ops.moves.began_at is
    'Since when nothing of the user''s is written here.';
comment on constraint moves_pkey on ops.moves is
    'This user moves already.';
comment on constraint moves_user_id_fkey on ops.moves is
    'There is no user with this id; still referenced: the user moves.';
comment on constraint moves_to_farm_id_is_positive_check on ops.moves is
    'A farm''s number is 1 or more.';

alter table ops.moves enable row level security;
alter table ops.moves force row level security;

create policy moves_owner on ops.moves
    to renderstore_owner
    using (true)
    with check (true);
create policy moves_own on ops.moves
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy moves_read on ops.moves
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on ops.moves
    to renderstore_app, renderstore_admin, renderstore_readonly;

insert into ops.placements (table_name, placed, is_published)
values ('ops.moves', 'node', false);

create or replace function identity.check_here(user_id uuid)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    place record;
begin
    -- Where there is one machine, that is all it pays.
    if not exists (select from ops.farms as f where f.id > 1) then
        return;
    end if;
    select
        u.farm_id as lives_on,
        h.farm_id as this,
        m.to_farm_id as moves_to
    into place
    from identity.users as u
    cross join ops.here as h
    left join ops.moves as m on m.user_id = u.id and m.to_farm_id <> h.farm_id
    where u.id = check_here.user_id;
    if place.lives_on <> place.this then
        raise exception using
            errcode = 'RS010',
            message = format(
                'This user lives on farm %s, and this is farm %s.',
                place.lives_on,
                place.this
            ),
            -- For programs, which go there.
            detail = place.lives_on;
    elsif place.moves_to is not null
        and not current_setting('transaction_read_only')::boolean
    then
        raise exception using
            errcode = 'RS015',
            message = format(
                'This user moves to farm %s just now: until then nothing of theirs is written.',
                place.moves_to
            );
    end if;
end
$$;
comment on function identity.check_here(uuid) is
    'Refuses a user who lives on another farm, whose number is the error''s DETAIL, and, where something may be written, one who moves.';
