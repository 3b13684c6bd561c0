-- The values that a job is given once, each with its rule. Domains, because a check of a table is read and asked again by every
-- update of any column: a dozen of them cost a claim and a finish a fifth of their time.
-- depends: 0031.create-usages

set local role renderstore_owner;

create domain work.priority as integer
    constraint priority_is_0_to_10_check check (value between 0 and 10);
comment on domain work.priority is
    'How urgent a job is, 0 to 10, 10 first.';
comment on constraint priority_is_0_to_10_check on domain work.priority is
    'A job''s priority is 0 to 10.';

create domain work.percent as integer
    constraint percent_is_0_to_100_check check (value between 0 and 100);
comment on domain work.percent is
    'How far a job is, 0 to 100.';
comment on constraint percent_is_0_to_100_check on domain work.percent is
    'A job''s progress is 0 to 100 percent.';

create domain work.failure_limit as integer
    constraint failure_limit_is_1_to_100_check check (value between 1 and 100);
comment on domain work.failure_limit is
    'How often a job may fail, 1 to 100.';
comment on constraint failure_limit_is_1_to_100_check on domain work.failure_limit is
    'A job may fail 1 to 100 times.';

create domain work.backoff_s as integer
    constraint backoff_s_is_1_to_86400_check check (value between 1 and 86400);
comment on domain work.backoff_s is
    'Seconds before a first retry, 1 to 86400.';
comment on constraint backoff_s_is_1_to_86400_check on domain work.backoff_s is
    'A back-off is 1 second to a day.';

create domain work.estimate_s as integer
    constraint estimate_s_is_positive_check check (value > 0);
comment on domain work.estimate_s is
    'How many seconds a job is expected to run.';
comment on constraint estimate_s_is_positive_check on domain work.estimate_s is
    'An estimate is a number of seconds above 0.';

create domain work.job_labels as text[]
    constraint job_labels_are_few_check check (
        cardinality(value) <= 20
        and array_position(value, null) is null
        and octet_length(array_to_string(value, '')) <= 2000
    );
comment on domain work.job_labels is
    'What a worker must offer for a job, at most 20 labels.';
comment on constraint job_labels_are_few_check on domain work.job_labels is
    'A job asks for at most 20 labels, of 2000 bytes together, and none of them is null.';

create domain work.idempotency_key as text
    constraint idempotency_key_is_short_check check (length(value) between 1 and 255);
comment on domain work.idempotency_key is
    'An owner''s own name for a submission, 1 to 255 characters.';
comment on constraint idempotency_key_is_short_check on domain work.idempotency_key is
    'An idempotency key has 1 to 255 characters.';

create domain work.error_class as text
    constraint error_class_is_slug_check check (value ~ '^[a-z][a-z0-9_]{0,99}$');
comment on domain work.error_class is
    'The class of a failure, such as timeout.';
comment on constraint error_class_is_slug_check on domain work.error_class is
    'An error class has 1 to 100 lower-case letters, digits and underscores and begins with a letter.';

create domain work.error_message as text
    constraint error_message_is_short_check check (length(value) <= 10000);
comment on domain work.error_message is
    'What a failure said, up to 10000 characters.';
comment on constraint error_message_is_short_check on domain work.error_message is
    'An error message has at most 10000 characters.';

create domain work.cancel_reason as text
    constraint cancel_reason_is_short_check check (length(value) <= 1000);
comment on domain work.cancel_reason is
    'Why a cancellation was asked for, up to 1000 characters.';
comment on constraint cancel_reason_is_short_check on domain work.cancel_reason is
    'The reason of a cancellation has at most 1000 characters.';

create domain work.lease as interval
    constraint lease_is_1_second_to_1_day_check
        check (value between interval '1 second' and interval '1 day');
comment on domain work.lease is
    'How long a worker holds a job without being heard of, 1 second to a day.';
comment on constraint lease_is_1_second_to_1_day_check on domain work.lease is
    'A lease is 1 second to a day.';

create domain work.batch_size as bigint
    constraint batch_size_is_0_to_10000_check check (value between 0 and 10000);
comment on domain work.batch_size is
    'How many rows one call takes, 0 to 10000.';
comment on constraint batch_size_is_0_to_10000_check on domain work.batch_size is
    'One call takes 0 to 10000 rows.';
