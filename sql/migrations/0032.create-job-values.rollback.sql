set local role renderstore_owner;

drop domain work.batch_size;
drop domain work.lease;
drop domain work.cancel_reason;
drop domain work.error_message;
drop domain work.error_class;
drop domain work.idempotency_key;
drop domain work.job_labels;
drop domain work.estimate_s;
drop domain work.backoff_s;
drop domain work.failure_limit;
drop domain work.percent;
drop domain work.priority;
