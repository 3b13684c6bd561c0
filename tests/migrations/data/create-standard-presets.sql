insert into studio.standard_presets (id, kind, name, settings)
values ('image_ink', 'image', 'Ink', '{"style": "ink"}');
