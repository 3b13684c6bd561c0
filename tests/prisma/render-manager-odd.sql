-- What is odd in a render manager's tables: each row is changed, or refused, for a reason of its own.
insert into "User" (id, email, role, "macUsernames", "slackUserId", "createdAt", "updatedAt", name) values
    ('codd1', 'Odd.One@Example.COM', 'USER', '["Mac1", "not a name!", "mac2"]', 'nobody', '2024-03-01', '2024-03-01', repeat('n', 300)),
    ('codd2', 'odd.one@example.com', 'ADMIN', '{"a": 1}', null, '2024-03-02', '2024-03-02', ''),
    ('codd3', 'no address', 'USER', '[]', null, '2024-03-03', '2024-03-03', null),
    ('codd4', 'late@example.com', 'USER', '[]', null, '2024-03-04', '10000-01-01', null),
    ('codd5', 'here@example.com', 'ADMIN', '[]', null, '2024-03-05', '2024-03-05', 'From there'),
    ('codd6', 'suspended@example.com', 'USER', '[]', null, '2024-03-06', '2024-03-06', null);
insert into "Job" (id, "userId", "projectPath", "outputPath", status, priority, "nexrenderConfig", logs, progress, error, "createdAt", "updatedAt", "completedAt") values
    ('j01', 'codd1', '/p.aep', '/o1.mov', 'PENDING', 99, '{}', null, 0, null, '2025-02-01', '2025-02-01', null),
    ('j02', 'codd1', '/p.aep', '/o2.mov', 'RENDERING', -3, '{}', 'half', 50, null, '2025-02-01', '2025-02-01', null),
    ('j03', 'codd2', '/p.aep', '/o3.mov', 'VALIDATING', 5, 'null', null, 0, null, '2025-02-01', '2025-02-01', null),
    ('j04', 'codd2', '/p.aep', '/o4.mov', 'FAILED', 5, '{}', repeat('log ü', 200000), 120, repeat('e', 20000), '2025-02-01', '2025-02-02', null),
    ('j05', 'codd3', '/p.aep', '/o5.mov', 'COMPLETED', 5, '{}', null, 100, null, '2025-02-01', '2025-02-01', null),
    ('j06', 'codd1', 'relative.aep', '/o6.mov', 'COMPLETED', 5, '{}', null, 100, null, '2025-02-01', '2025-02-01', null),
    ('j07', 'codd1', '/p.aep', '', 'COMPLETED', 5, '{}', null, 100, null, '2025-02-01', '2025-02-01', null),
    ('j08', 'codd1', '/p.aep', '/o8.mov', 'COMPLETED', 5, '{"template": {}}', null, 100, null, '2025-02-01', '2025-02-01', null),
    ('j09', 'codd1', '/p.aep', '/o9.mov', 'COMPLETED', 5, '{}', null, 100, null, '1969-02-01', '2025-02-01', null),
    ('j10', 'codd5', '/p.aep', '/o10.mov', 'QUEUED', 5, '{}', null, 0, null, '2025-02-01', '2025-02-01', null),
    ('j11', 'codd5', '/p.aep', '/o11.mov', 'COMPLETED', 5, '{}', null, 100, null, '2020-02-01', '2020-02-01', '2020-02-01'),
    ('j12', 'codd6', '/p.aep', '/o12.mov', 'QUEUED', 5, '{}', null, 0, null, '2025-02-01', '2025-02-01', null),
    ('j13', 'codd6', '/p.aep', '/o13.mov', 'CANCELLED', 5, '{}', null, 0, null, '2025-02-01', '2025-02-01', null),
    ('j14', 'nobody', '/p.aep', '/o14.mov', 'COMPLETED', 5, '{}', null, 0, null, '2025-02-01', '2025-02-01', null);
insert into "Session" (id, "sessionToken", "userId", expires) values
    ('sodd1', repeat('s', 600), 'codd1', '2100-01-01'),
    ('sodd2', 'whose', 'codd3', '2100-01-01');
