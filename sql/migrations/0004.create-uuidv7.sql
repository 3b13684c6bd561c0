-- Identifiers that arrive in time order. PostgreSQL 18 makes them itself; before, a function of
-- ours does: 48 bits of milliseconds, 12 bits of the fraction below, the rest random. One name for both.
-- depends: 0003.close-database

set local role renderstore_owner;

do $$
begin
    if current_setting('server_version_num')::integer >= 180000 then
        create function ops.uuidv7()
        returns uuid
        language sql
        volatile
        parallel safe
        return pg_catalog.uuidv7();
    else
        create function ops.uuidv7()
        returns uuid
        language sql
        volatile
        parallel safe
        begin atomic
            select
                encode(
                    substring(int8send(floor(micros / 1000)::bigint) from 3)
                    || int2send((28672 + floor((micros % 1000) * 4.096))::integer::smallint)
                    || substring(uuid_send(gen_random_uuid()) from 9),
                    'hex'
                )::uuid
            from (
                select extract(epoch from clock_timestamp()) * 1000000 as micros
            ) as clock;
        end;
    end if;
end
$$;

comment on function ops.uuidv7() is
    'A new identifier, a version 7 UUID: later ones sort after earlier ones.';

grant execute on function ops.uuidv7()
    to renderstore_app, renderstore_auth, renderstore_worker, renderstore_admin;
