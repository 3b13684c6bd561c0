-- Three people to look at. Run again, it adds nothing.
insert into identity.users (email, name, role)
values
    ('ada@example.com', 'Ada', 'admin'),
    ('grace@example.com', 'Grace', 'user'),
    ('edwin@example.com', 'Edwin', 'user')
on conflict do nothing;
