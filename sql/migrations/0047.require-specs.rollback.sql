-- Loses nothing: work.unspecified is empty at every commit.

set local role renderstore_owner;

drop trigger jobs_ask_for_specs on work.jobs;
drop function render.ask_for_specs();
drop table work.unspecified;
drop function render.refuse_unspecified();
