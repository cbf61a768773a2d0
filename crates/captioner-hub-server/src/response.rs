//! What a client is answered.

use std::io::{self, Read, Write};

use serde_json::Value;

use crate::content::Content;

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// 200, 404, ...
    pub status: u16,
    /// Its headers; the length is added when it is written.
    pub headers: Vec<(String, String)>,
    /// Its body; not sent where the method is `HEAD`.
    pub body: Body,
}

/// The bytes after the headers.
#[derive(Debug)]
pub enum Body {
    /// Short bytes.
    Bytes(Vec<u8>),
    /// A part of a file, never whole in memory.
    Part {
        /// The file.
        content: Content,
        /// The first byte.
        start: u64,
        /// How many bytes.
        len: u64,
    },
}

impl Body {
    /// The length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Part { len, .. } => *len,
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        match self {
            Self::Bytes(bytes) => Ok(Box::new(bytes.as_slice())),
            Self::Part {
                content,
                start,
                len,
            } => content.reader(*start, *len),
        }
    }
}

impl Response {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Bytes(Vec::new()),
        }
    }

    /// JSON.
    pub fn json(status: u16, value: &Value) -> Self {
        let mut response =
            Self::empty(status).with("Content-Type", "application/json; charset=utf-8");
        response.body = Body::Bytes(value.to_string().into_bytes());
        response
    }

    /// A refusal as the Hub words it: `X-Error-Code`, `X-Error-Message`, and JSON with `error`.
    pub fn refusal(status: u16, code: &str, message: &str) -> Self {
        let mut response = Self::json(status, &serde_json::json!({ "error": message }));
        if !code.is_empty() {
            response = response.with("X-Error-Code", code);
        }
        response.with("X-Error-Message", message)
    }

    /// The same with one header more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The status line and the headers, with a length that may be a lie, or in chunks.
    pub(crate) fn write_head(&self, stream: &mut impl Write, len: Option<u64>) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &match len {
            Some(len) => format!("Content-Length: {len}\r\n\r\n"),
            None => "Transfer-Encoding: chunked\r\n\r\n".to_owned(),
        };
        stream.write_all(head.as_bytes())
    }
}

/// Writes a body in chunks.
pub(crate) fn write_chunks(mut reader: impl Read, stream: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = reader.read(&mut buffer)?;
        stream.write_all(format!("{read:x}\r\n").as_bytes())?;
        stream.write_all(&buffer[..read])?;
        stream.write_all(b"\r\n")?;
        if read == 0 {
            return Ok(());
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        412 => "Precondition Failed",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Other",
    }
}
