//! What goes wrong when a test asks for it.

use crate::request::{Request, Side};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Another status instead of the answer, with these headers and this body.
    Status {
        /// 429, 503, ...
        status: u16,
        /// Such as `("Retry-After", "1")`.
        headers: Vec<(String, String)>,
        /// Such as an error page.
        body: String,
    },
    /// The request is read and never answered.
    Stall,
    /// The answer's head and this many bytes of its body, and then nothing more.
    StallAfter(u64),
    /// The connection is closed after this many bytes of the body.
    CutAfter(u64),
    /// The connection is closed before the request is acted on.
    Drop,
    /// The request is acted on, and the connection closed without an answer.
    LoseAnswer,
    /// The first byte of the body is another one; the length is right.
    WrongBytes,
    /// `Range` is not looked at: the whole file, as 200.
    IgnoreRange,
    /// The body comes in chunks, and no header says how long it is.
    Chunked,
    /// `Content-Length` says this many bytes; the body is as it is.
    LyingLength(u64),
}

/// What goes wrong, and with which requests.
#[derive(Clone, Debug)]
pub struct Fault {
    kind: FaultKind,
    path: String,
    method: Option<String>,
    side: Option<Side>,
    skip: u32,
    times: Option<u32>,
}

impl Fault {
    /// Goes wrong with every request.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            path: String::new(),
            method: None,
            side: None,
            skip: 0,
            times: None,
        }
    }

    /// Another status, with these headers.
    pub fn status(status: u16, headers: &[(&str, &str)]) -> Self {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Self::new(FaultKind::Status {
            status,
            headers: headers.iter().map(owned).collect(),
            body: "<html>a page that nobody wants in a message</html>".to_owned(),
        })
    }

    /// Only where the path with its query, as sent, holds this text.
    #[must_use]
    pub fn on(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Only with this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only at this server.
    #[must_use]
    pub fn side(mut self, side: Side) -> Self {
        self.side = Some(side);
        self
    }

    /// The first `count` requests that fit go well.
    #[must_use]
    pub fn skip(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    /// Only `count` requests go wrong.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.times = Some(count);
        self
    }

    fn fits(&self, request: &Request) -> bool {
        let method = self
            .method
            .as_ref()
            .is_none_or(|method| *method == request.method);
        let side = self.side.is_none_or(|side| side == request.side);
        method && side && request.path.contains(&self.path)
    }
}

/// The fault that a request meets, and one fewer of its kind to come.
pub(crate) fn take(faults: &mut Vec<Fault>, request: &Request) -> Option<FaultKind> {
    let fault = faults.iter_mut().find(|fault| fault.fits(request))?;
    if fault.skip > 0 {
        fault.skip -= 1;
        return None;
    }
    let kind = fault.kind.clone();
    if let Some(times) = &mut fault.times {
        *times -= 1;
    }
    faults.retain(|fault| fault.times != Some(0));
    Some(kind)
}
