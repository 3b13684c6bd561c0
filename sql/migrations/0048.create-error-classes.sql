-- Which failures are worth another try. A class that is not listed is tried again, up to the job's limit: better a second try
-- too many than a good job lost.
-- depends: 0047.ask-of-jobs

set local role renderstore_owner;

create table work.error_classes (
    name work.error_class not null,
    is_retried boolean not null,
    meaning text not null,

    constraint error_classes_pkey primary key (name),
    constraint error_classes_meaning_is_short_check
        check (length(meaning) between 1 and 1000)
);

comment on table work.error_classes is
    'One row a class of failure, and whether a job that failed with it is tried again.';
comment on column work.error_classes.name is
    'The class, as jobs.error_class has it.';
comment on column work.error_classes.is_retried is
    'Whether a job that failed with it is tried again while tries are left.';
comment on column work.error_classes.meaning is
    'What happened, for people, up to 1000 characters.';
comment on constraint error_classes_pkey on work.error_classes is
    'There is already an error class with this name.';
comment on constraint error_classes_meaning_is_short_check on work.error_classes is
    'The meaning of an error class has 1 to 1000 characters.';

insert into work.error_classes (name, is_retried, meaning)
values
    ('unknown', true, 'The worker gave no class.'),
    ('crashed', true, 'The program ended with an exit code other than 0.'),
    ('timeout', true, 'The program took too long.'),
    ('network', true, 'Something could not be reached.'),
    ('storage', true, 'A file could not be read or written.'),
    ('license', true, 'No license was free.'),
    ('invalid', false, 'The job asks for something that cannot be done.'),
    ('missing', false, 'A file that the job names does not exist.'),
    ('unreadable', true, 'The job holds a value that its worker cannot hold.'),
    ('lost', false, 'Too many workers fell silent while they held the job.');

grant select on work.error_classes
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
grant insert, update, delete on work.error_classes to renderstore_admin;
