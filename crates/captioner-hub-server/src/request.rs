//! What a client asks for: HTTP/1.1 with a length or in chunks.

use std::io::{self, BufRead, BufReader, Read};
use std::net::TcpStream;

/// Which of the two servers was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The Hub itself.
    Hub,
    /// The host that big files come from and go to: it must never see a token.
    Cdn,
}

/// A request with its headers read and its body still to be read.
#[derive(Debug)]
pub struct Request {
    /// Which server was asked.
    pub side: Side,
    /// `GET`, `HEAD`, ...
    pub method: String,
    /// The path as it was sent, still percent-encoded, without the query.
    pub path: String,
    /// The parameters after `?`, decoded.
    pub query: Vec<(String, String)>,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    body: Body,
}

#[derive(Debug)]
struct Body {
    stream: BufReader<TcpStream>,
    left: u64,
    chunked: bool,
}

impl Request {
    /// Reads the next request of a connection; none if the client has closed it.
    pub(crate) fn read(side: Side, mut stream: BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let Some(line) = line(&mut stream)?.filter(|line| !line.is_empty()) else {
            return Ok(None);
        };
        let mut words = line.split(' ');
        let (method, target) = (words.next(), words.next());
        let (Some(method), Some(target)) = (method, target) else {
            return Err(io::Error::other("no request line"));
        };
        let mut headers = Vec::new();
        while let Some(line) = line_of_head(&mut stream)? {
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let find = |wanted: &str| headers.iter().find(|(name, _)| name == wanted);
        let left = find("content-length").and_then(|(_, value)| value.parse().ok());
        let chunked = find("transfer-encoding").is_some_and(|(_, value)| value.contains("chunked"));
        if find("expect").is_some() {
            io::Write::write_all(stream.get_mut(), b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        Ok(Some(Self {
            side,
            method: method.to_owned(),
            path: path.to_owned(),
            query: form(query),
            headers,
            body: Body {
                stream,
                left: left.unwrap_or(0),
                chunked,
            },
        }))
    }

    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter's value.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(parameter, _)| parameter == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The parts of the path between `/`, decoded: `%2F` stays within its part.
    pub fn segments(&self) -> Vec<String> {
        let parts = self.path.split('/').filter(|part| !part.is_empty());
        parts.map(decode).collect()
    }

    /// The token of `Authorization: Bearer`.
    pub fn token(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// The part that `Range: bytes=a-b` asks for: first byte and, if given, last byte.
    pub fn range(&self) -> Option<(u64, Option<u64>)> {
        let (from, to) = self
            .header("range")?
            .strip_prefix("bytes=")?
            .split_once('-')?;
        Some((from.parse().ok()?, to.parse().ok()))
    }

    /// The body, to be read piece by piece.
    pub fn body(&mut self) -> &mut impl Read {
        &mut self.body
    }

    /// The whole body.
    ///
    /// # Errors
    /// When the client breaks off.
    pub fn read_body(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.body.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads what is left of the body and gives the connection for the next request.
    pub(crate) fn finish(mut self) -> io::Result<BufReader<TcpStream>> {
        io::copy(&mut self.body, &mut io::sink())?;
        Ok(self.body.stream)
    }

    /// The connection, to answer on.
    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        self.body.stream.get_mut()
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && self.chunked {
            self.left = self.next_chunk()?;
        }
        let count = self.left.min(buffer.len() as u64) as usize;
        if count == 0 {
            return Ok(0);
        }
        let read = self.stream.read(&mut buffer[..count])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        if self.left == 0 && self.chunked {
            line(&mut self.stream)?;
        }
        Ok(read)
    }
}

impl Body {
    fn next_chunk(&mut self) -> io::Result<u64> {
        let head = line(&mut self.stream)?.unwrap_or_default();
        let digits = head.split(';').next().unwrap_or_default().trim();
        let len = u64::from_str_radix(digits, 16).map_err(io::Error::other)?;
        if len == 0 {
            self.chunked = false;
            while line_of_head(&mut self.stream)?.is_some() {}
        }
        Ok(len)
    }
}

/// A line without its end; none at the end of the stream.
fn line(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.take(1 << 16).read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A line of the head; none at the empty line that ends it.
fn line_of_head(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    Ok(line(stream)?.filter(|line| !line.is_empty()))
}

/// The fields of a query or of a form.
pub fn form(text: &str) -> Vec<(String, String)> {
    let fields = text.split('&').filter(|field| !field.is_empty());
    let pairs = fields.map(|field| field.split_once('=').unwrap_or((field, "")));
    let plain = |text: &str| decode(&text.replace('+', " "));
    pairs
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

/// Percent-encoding undone.
pub fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = (first == b'%').then(|| after.get(..2)).flatten();
        let byte =
            digits.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Percent-encoding of everything but letters, digits and `-._~/`.
pub fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let bytes = text.bytes();
    bytes
        .map(|byte| match byte {
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone_once() {
        assert_eq!(decode("refs%2Fconvert%2Fparquet"), "refs/convert/parquet");
        assert_eq!(decode("a%2"), "a%2");
        assert_eq!(decode(&encode("ä b#%2F.png")), "ä b#%2F.png");
        assert_eq!(
            form("a=1+2&b"),
            [("a".into(), "1 2".into()), ("b".into(), String::new())]
        );
    }
}
