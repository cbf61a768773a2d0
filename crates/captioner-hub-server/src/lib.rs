//! A local server that speaks the protocol of the Hugging Face Hub, for tests.
//!
//! Repositories with branches and commits, listings, files with ETags and ranges, big files by a
//! redirect to another host, tokens, gated and private repositories, and faults that a test asks
//! for: [`Fault`]. What was asked is in [`State::log`]. `tools/reference/hub_server.py` shows that
//! Python's `huggingface_hub` works against it.
//!
//! `cargo run -p captioner-hub-server --example hub_server -- 8080 FOLDER` serves a folder tree.

mod access;
mod api;
mod content;
mod faults;
mod folder;
mod repository;
mod request;
mod resolve;
mod response;
mod route;
mod server;
mod state;
mod upload;

pub use content::{Content, hex};
pub use faults::{Fault, FaultKind};
pub use repository::{Commit, Entry, RepoKind, Repository, is_lfs};
pub use request::{Request, Side, decode, encode, form};
pub use resolve::SIGNATURE;
pub use response::{Body, Response};
pub use server::HubServer;
pub use state::{Logged, Repositories, State, User};
pub use upload::{Transfer, UploadSettings};
