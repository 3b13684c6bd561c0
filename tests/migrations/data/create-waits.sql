insert into work.waits (worker, kinds, labels, expires_at)
values ('mac-studio-1', '{render}', '{gpu}', null);
