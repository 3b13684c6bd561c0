-- Loses who moves.

set local role renderstore_owner;

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
        h.farm_id as this
    into place
    from identity.users as u
    join ops.here as h on h.farm_id <> u.farm_id
    where u.id = check_here.user_id;
    if found then
        raise exception using
            errcode = 'RS010',
            message = format(
                'This user lives on farm %s, and this is farm %s.',
                place.lives_on,
                place.this
            ),
            -- For programs, which go there.
            detail = place.lives_on;
    end if;
end
$$;

comment on function identity.check_here(uuid) is
    'Refuses a user who lives on another farm, whose number is the error''s DETAIL.';

delete from ops.placements
where table_name = 'ops.moves';
drop table ops.moves;
