insert into work.pauses (label, reason)
values ('gpu', 'A new driver.');
