insert into identity.bootstraps default values;
