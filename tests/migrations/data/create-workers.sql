insert into work.workers (name, labels, version)
values
    ('mac-studio-1', '{gpu,aftereffects-25}', '1.0'),
    ('mac-studio-2', '{}', null);
