set local role renderstore_owner;

alter default privileges grant execute on functions to public;

drop schema authjs;
drop schema audit;
drop schema ops;
drop schema media;
drop schema studio;
drop schema render;
drop schema work;
drop schema identity;
