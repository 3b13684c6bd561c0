-- Loses how long each plan keeps what was deleted.

set local role renderstore_owner;

alter table identity.plans drop column keep_deleted_days;
