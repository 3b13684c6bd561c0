insert into work.labels (name, meaning)
values ('gpu', 'A graphics card that After Effects can use.');
