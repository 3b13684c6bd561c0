-- Loses every plan and its limits.

set local role renderstore_owner;

drop table identity.plans;
