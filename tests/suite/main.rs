//! The shop as its users meet it: every test drives the real router or the real program through
//! forms and files, each in a data dir of its own, with a clock that it moves itself.

mod actors;
mod page;
mod policy;
mod program;
mod promises;

mod alerts;
mod audit;
mod backups;
mod clients;
mod closing;
mod consent;
mod crashes;
mod export;
mod faults;
mod first_run;
mod frame;
mod holds;
mod hostile;
mod house;
mod keys;
mod leaks;
mod leaving;
mod looks;
mod orders;
mod parsers;
mod periods;
mod places;
mod registration;
mod requests;
mod retention;
mod routes;
mod shopping;
mod supply;
mod support;
mod verbs;
