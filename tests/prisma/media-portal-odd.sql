-- What is odd in a media portal's tables: each row is changed, or refused, for a reason of its own.
insert into users (id, plex_id, plex_username, email, role, password_hash, force_password_change, is_bootstrap_user, created_at, status) values
    (md5('boot')::uuid, null, 'admin', 'boss@example.com', 'admin', '$2b$12$abcdefghijklmnopqrstuv', true, true, '2024-02-01', 'active'),
    (md5('bad plex')::uuid, 'a1b2', 'odd', 'not an address', 'user', null, false, false, '2024-02-02', 'active'),
    (md5('banned')::uuid, '5001', 'banned', null, 'moderator', null, false, false, '2024-02-03', 'banned'),
    (md5('both')::uuid, '01001', 'both', 'user2@example.com', 'user', null, false, false, '2024-02-04', 'active');
insert into media_requests (id, user_id, title, media_type, tmdb_id, status, created_at, completed_at) values
    (md5('r1')::uuid, md5('boot')::uuid, E' Two\tlines ', 'show', 'tt123', 'rejected', '2025-02-01', null),
    (md5('r2')::uuid, md5('boot')::uuid, 'Twice', 'movie', '7', 'pending', '2025-02-01', '2025-02-02'),
    (md5('r3')::uuid, md5('boot')::uuid, 'Twice', 'movie', '7', 'approved', '2025-02-02', null),
    (md5('r4')::uuid, md5('boot')::uuid, 'What', 'book', '8', 'pending', '2025-02-01', null),
    (md5('r5')::uuid, md5('boot')::uuid, 'What', 'movie', '8', 'lost', '2025-02-01', null),
    (md5('r6')::uuid, md5('nobody')::uuid, 'Whose', 'movie', '9', 'pending', '2025-02-01', null);
insert into youtube_downloads (id, user_id, playlist_url, status, file_paths, created_at) values
    (md5('d1')::uuid, md5('boot')::uuid, 'http://www.youtube.com/playlist?list=1', 'completed', '["/media/a.mp4"]', '2025-02-01'),
    (md5('d2')::uuid, md5('boot')::uuid, 'ftp://example.com/', 'queued', null, '2025-02-01'),
    (md5('d3')::uuid, md5('boot')::uuid, 'https://www.youtube.com/playlist?list=3', 'downloading', null, '2025-02-01'),
    (md5('d4')::uuid, md5('banned')::uuid, 'https://www.youtube.com/playlist?list=4', 'queued', null, '2025-02-01');
insert into service_config (service_name, service_url, api_key, enabled, config_data, updated_at) values
    ('plex', 'http://plex.local:32400/', 'sealed', true, '{"library": 3}', '2025-02-01'),
    ('Sonarr_TV', 'http://sonarr.local:8989', null, false, null, '2025-02-01'),
    ('broken', 'not a url', null, true, null, '2025-02-01'),
    ('overseerr', '', null, true, null, '2025-02-01');
insert into session_tokens (id, user_id, token_hash, expires_at, created_at) values
    (md5('s1')::uuid, md5('boot')::uuid, '$2b$12$hash', '2100-01-01', '2025-02-01'),
    (md5('s2')::uuid, md5('boot')::uuid, encode(sha256('late'), 'hex'), '2024-01-01', '2025-02-01');
insert into rate_limits (user_id, endpoint, request_count) values (md5('boot')::uuid, '/api', 3);
