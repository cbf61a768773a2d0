//! Cutting a CSV file into records, strictly, so that one bad quote costs one row.
//!
//! The `csv` crate and pandas read on to the next quote wherever it is: an unclosed one swallows
//! all rows up to there, silently. Here a quote that closes must be followed by a comma or the
//! end of the line (RFC 4180), and reading goes on behind the line where the bad one opens.

/// A record: where it begins, and its fields as they stand in the file, still quoted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// The line on which it begins, counted from 1.
    pub(super) line: u64,
    /// The fields, or the line of the quote that is at fault.
    pub(super) fields: Result<Vec<&'a [u8]>, QuoteError>,
}

/// What is wrong with a quoted field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuoteError {
    /// It has no end.
    Unclosed,
    /// Something follows its closing quote: a quote within it isn't doubled, or this isn't its end.
    NotDoubled,
}

/// Reads records one after the other. Blank lines are none.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            line: 1,
        }
    }

    fn skip_blank_lines(&mut self) {
        while let Some(byte @ (b'\r' | b'\n')) = self.bytes.get(self.at) {
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
    }

    /// The fields of the record that begins here, and where the next may begin.
    fn fields(&self) -> Result<(Vec<&'a [u8]>, usize), QuoteError> {
        let mut fields = Vec::new();
        let mut start = self.at;
        loop {
            let end = match self.bytes.get(start) {
                Some(b'"') => self.end_of_quoted(start)?,
                _ => self.end_of_plain(start),
            };
            fields.push(self.bytes.get(start..end).unwrap_or_default());
            match self.bytes.get(end) {
                Some(b',') => start = end + 1,
                _ => return Ok((fields, end)),
            }
        }
    }

    fn end_of_plain(&self, start: usize) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let ends = |byte: &u8| matches!(byte, b',' | b'\r' | b'\n');
        rest.iter()
            .position(ends)
            .map_or(self.bytes.len(), |at| start + at)
    }

    fn end_of_quoted(&self, start: usize) -> Result<usize, QuoteError> {
        let mut at = start + 1;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let quote = rest.iter().position(|&byte| byte == b'"');
            at += quote.ok_or(QuoteError::Unclosed)? + 1;
            match self.bytes.get(at) {
                Some(b'"') => at += 1,
                None | Some(b',' | b'\r' | b'\n') => return Ok(at),
                Some(_) => return Err(QuoteError::NotDoubled),
            }
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        self.skip_blank_lines();
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let line = self.line;
        let (fields, next) = match self.fields() {
            Ok((fields, next)) => (Ok(fields), next),
            Err(error) => {
                let end = rest.iter().position(|&byte| byte == b'\n');
                (
                    Err(error),
                    end.map_or(self.bytes.len(), |end| self.at + end),
                )
            }
        };
        let record = self.bytes.get(self.at..next).unwrap_or_default();
        self.line += record.iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.at = next;
        Some(Record { line, fields })
    }
}

/// A field's text, without its quotes and with doubled ones made single; none if it isn't UTF-8.
pub(super) fn text(field: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    let text = std::str::from_utf8(field).ok()?;
    let quoted = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    Some(match quoted {
        Some(text) if text.contains('"') => text.replace("\"\"", "\"").into(),
        Some(text) => text.into(),
        None => text.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Texts = Result<Vec<String>, QuoteError>;

    fn records(file: &str) -> Vec<(u64, Texts)> {
        let texts = |fields: Vec<&[u8]>| {
            let text = |field| text(field).unwrap().into_owned();
            fields.into_iter().map(text).collect()
        };
        Records::new(file.as_bytes())
            .map(|record| (record.line, record.fields.map(texts)))
            .collect()
    }

    fn good(line: u64, fields: &[&str]) -> (u64, Texts) {
        (
            line,
            Ok(fields.iter().map(|&field| field.to_owned()).collect()),
        )
    }

    #[test]
    fn fields_are_cut_as_rfc_4180_says() {
        let file = "a,b\r\n\r\n\"x, \"\"y\"\"\",5\" pipe\n,\"two\nlines\"\n\"\",\n";
        let expected = [
            good(1, &["a", "b"]),
            good(3, &["x, \"y\"", "5\" pipe"]),
            good(4, &["", "two\nlines"]),
            good(6, &["", ""]),
        ];
        assert_eq!(records(file), expected);
        assert_eq!(records("a,\"b\""), [good(1, &["a", "b"])]);
        assert!(records("\n\r\n").is_empty());
    }

    #[test]
    fn a_bad_quote_costs_its_own_row() {
        let file = "a,\"x\nb,y\nc,\"z\"\n";
        let expected = [
            (1, Err(QuoteError::NotDoubled)),
            good(2, &["b", "y"]),
            good(3, &["c", "z"]),
        ];
        assert_eq!(records(file), expected);
        let file = "a,\"x\nb,y\nc,z";
        let expected = [
            (1, Err(QuoteError::Unclosed)),
            good(2, &["b", "y"]),
            good(3, &["c", "z"]),
        ];
        assert_eq!(records(file), expected);
        let file = "a,\"a \"big\" cat\"\nb,y\n";
        assert_eq!(
            records(file),
            [(1, Err(QuoteError::NotDoubled)), good(2, &["b", "y"])]
        );
    }
}
