-- Ten people to look at, on both plans. Run again, it adds nobody.
begin;
select identity.bind('renderstore_admin', null, 'dba:seed');

insert into identity.users (email, name, role, plan_id)
values
    ('ada@example.com', 'Ada', 'admin', 'premium'),
    ('grace@example.com', 'Grace', 'user', 'premium'),
    ('katherine@example.com', 'Katherine', 'user', 'premium'),
    ('radia@example.com', 'Radia', 'user', 'premium'),
    ('alan@example.com', 'Alan', 'user', 'free'),
    ('barbara@example.com', 'Barbara', 'user', 'free'),
    ('donald@example.com', 'Donald', 'user', 'free'),
    ('edwin@example.com', 'Edwin', 'user', 'free'),
    ('joan@example.com', 'Joan', 'user', 'free'),
    ('margaret@example.com', 'Margaret', 'user', 'free')
on conflict do nothing;

insert into work.labels (name, meaning)
values
    ('demo', 'A worker of the demonstration'),
    ('gpu', 'A graphics card with 24 GB or more')
on conflict do nothing;

commit;
