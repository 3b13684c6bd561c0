insert into identity.users (role, email, name)
values
    ('admin', 'ada@example.com', 'Ada'),
    ('user', 'grace@example.com', null),
    ('user', null, 'Nameless');
