set local role renderstore_owner;

do $$
declare
    guarded regclass;
begin
    for guarded in
        select p.table_name::regclass
        from ops.placements as p
        where p.placed = 'home'
    loop
        execute format(
            'drop trigger %I on %s',
            (select relname from pg_class where oid = guarded) || '_guard_home',
            guarded
        );
    end loop;
end
$$;
drop function ops.refuse_away_from_home();
