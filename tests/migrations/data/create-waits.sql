insert into work.waits (worker, kinds, labels, expires_at)
values ('mac-studio-3', '{render}', '{gpu}', null);
