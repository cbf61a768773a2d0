//! The half of the protocol that writes: repositories made, LFS objects, commits.

use crate::request::Request;
use crate::response::Response;
use crate::state::State;

/// What uploads need to remember.
#[derive(Debug, Default)]
pub(crate) struct UploadState {}

/// The answer to a request that writes; none if it is not one of these.
///
/// It sees every request first, also those to the CDN ([`Side`](crate::Side)).
pub(crate) fn route(_request: &mut Request, _state: &State) -> Option<Response> {
    None
}
