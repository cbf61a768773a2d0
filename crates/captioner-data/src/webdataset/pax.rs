//! The records of a PAX header: `LENGTH KEY=VALUE\n`, of which the length counts all.
//!
//! Read by their lengths: a value may hold line ends, and a reader that splits at those
//! takes a part of a value for a record of its own.

/// What a PAX header says about the member that follows it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Whether the member is a sparse file as GNU tar writes it into PAX headers.
    pub(super) is_sparse: bool,
}

impl Pax {
    /// Reads all records; none if one of them is malformed.
    pub(super) fn parse(mut bytes: &[u8]) -> Option<Self> {
        let mut pax = Self::default();
        // Some writers fill up the last block into the header.
        while !bytes.iter().all(|&byte| byte == 0) {
            let (key, value, rest) = record(bytes)?;
            match key {
                b"path" => pax.path = Some(value.to_owned()),
                b"size" => pax.size = Some(number(value)?),
                _ => pax.is_sparse |= key.starts_with(b"GNU.sparse."),
            }
            bytes = rest;
        }
        Some(pax)
    }
}

/// The first record's key and value, and what follows it.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().position(|&byte| byte == b' ')?;
    let length = usize::try_from(number(&bytes[..space])?).ok()?;
    let text = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = text.iter().position(|&byte| byte == b'=')?;
    Some((&text[..equals], &text[equals + 1..], &bytes[length..]))
}

fn number(digits: &[u8]) -> Option<u64> {
    let all_digits = digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(digits).ok().filter(|_| all_digits)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_by_their_lengths() {
        let pax = Pax::parse(b"28 comment=a\n12 path=b.jpg\n\n14 path=a.jpg\n16 size=1234567\n");
        let expected = Pax {
            path: Some(b"a.jpg".to_vec()),
            size: Some(1_234_567),
            is_sparse: false,
        };
        assert_eq!(pax, Some(expected));
        assert_eq!(Pax::parse(b"\0\0\0"), Some(Pax::default()));
        assert!(Pax::parse(b"22 GNU.sparse.major=1\n").unwrap().is_sparse);
    }

    #[test]
    fn malformed_records_are_none() {
        for bytes in [
            &b"x"[..],
            b"9 a=b\n",
            b"7 abcd\n",
            b"0 a=b\n",
            b"99999999999999999999 a=b\n",
            b"+6 a=b\n",
            b"10 size=-1\n",
            b" a=b\n",
        ] {
            assert_eq!(
                Pax::parse(bytes),
                None,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
