insert into work.workers (name, kinds, labels, version)
values
    ('mac-studio-1', '{render,step}', '{gpu,aftereffects-25}', '1.0'),
    ('mac-studio-2', '{download}', '{}', null);
