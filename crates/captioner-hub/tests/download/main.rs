//! Downloads from a local server that speaks the Hub's protocol, also when it does so badly.

#![cfg(feature = "hub")]

mod arrival;
mod broken;
mod data_sets;
mod hostile;
mod long;
mod offline;
mod pictures;
mod refusals;
mod secrets;
mod world;
