-- Ends the transaction and undoes what it changed.
\ir quiet.psql
rollback;
\ir prompt.psql
\ir loud.psql
