//! Thrift's compact protocol, as far as page headers and page indexes need it.
//!
//! Nothing is allocated for what a length says: a value is read or skipped within the bytes
//! that are there. Source: the specification `thrift-compact-protocol.md` of Apache Thrift.

/// Why a value can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// The bytes end too early.
    Short,
    /// The bytes are no such value.
    Invalid,
}

/// How deep structs and lists may be nested where they are skipped.
const MAX_DEPTH: usize = 16;

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I8: u8 = 3;
const I16: u8 = 4;
pub(super) const I32: u8 = 5;
pub(super) const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
pub(super) const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
pub(super) const STRUCT: u8 = 12;

/// Bytes of the compact protocol, read from the front.
#[derive(Clone, Debug)]
pub(super) struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Compact<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub(super) fn read_bytes(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Result<u8, Bad> {
        let byte = self.bytes.get(self.at).ok_or(Bad::Short)?;
        self.at += 1;
        Ok(*byte)
    }

    fn skip_bytes(&mut self, count: u64) -> Result<(), Bad> {
        let left = (self.bytes.len() - self.at) as u64;
        if count > left {
            return Err(Bad::Short);
        }
        self.at += count as usize;
        Ok(())
    }

    /// A whole number, seven bits a byte, as Parquet's delta encoding has them too.
    pub(super) fn varint(&mut self) -> Result<u64, Bad> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Bad::Invalid)
    }

    /// A whole number of up to 64 bits.
    pub(super) fn i64(&mut self) -> Result<i64, Bad> {
        let zigzag = self.varint()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// A whole number of up to 32 bits.
    pub(super) fn i32(&mut self) -> Result<i32, Bad> {
        i32::try_from(self.i64()?).map_err(|_| Bad::Invalid)
    }

    /// The type and the length of a list.
    pub(super) fn list(&mut self) -> Result<(u8, u64), Bad> {
        let head = self.byte()?;
        let length = match head >> 4 {
            15 => self.varint()?,
            short => u64::from(short),
        };
        Ok((head & 0x0f, length))
    }

    /// Reads a struct: `field` is given each field's number and type, and reads its value, or
    /// says no and has it skipped.
    pub(super) fn fields(
        &mut self,
        mut field: impl FnMut(&mut Self, i16, u8) -> Result<bool, Bad>,
    ) -> Result<(), Bad> {
        let mut number = 0i16;
        loop {
            let head = self.byte()?;
            let kind = head & 0x0f;
            if kind == 0 {
                return Ok(());
            }
            number = match head >> 4 {
                0 => i16::try_from(self.i64()?).map_err(|_| Bad::Invalid)?,
                step => number.checked_add(i16::from(step)).ok_or(Bad::Invalid)?,
            };
            if !field(self, number, kind)? {
                self.skip(kind, MAX_DEPTH)?;
            }
        }
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), Bad> {
        let deeper = depth.checked_sub(1).ok_or(Bad::Invalid)?;
        match kind {
            TRUE | FALSE => Ok(()),
            I8 => self.skip_bytes(1),
            I16 | I32 | I64 => self.varint().map(|_| ()),
            DOUBLE => self.skip_bytes(8),
            BINARY => {
                let length = self.varint()?;
                self.skip_bytes(length)
            }
            LIST | SET => {
                let (of, length) = self.list()?;
                self.skip_items(&[of], length, deeper)
            }
            MAP => match self.varint()? {
                0 => Ok(()),
                length => {
                    let kinds = self.byte()?;
                    self.skip_items(&[kinds >> 4, kinds & 0x0f], length, deeper)
                }
            },
            STRUCT => self.fields(|it, _, kind| it.skip(kind, deeper).map(|()| true)),
            _ => Err(Bad::Invalid),
        }
    }

    fn skip_items(&mut self, kinds: &[u8], length: u64, depth: usize) -> Result<(), Bad> {
        for _ in 0..length {
            for &kind in kinds {
                // In a list a boolean takes a byte of its own.
                match kind {
                    TRUE | FALSE => self.skip_bytes(1)?,
                    other => self.skip(other, depth)?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_within_their_width() {
        assert_eq!(Compact::new(&[0x96, 0x01]).i64(), Ok(75));
        assert_eq!(Compact::new(&[0x01]).i32(), Ok(-1));
        assert_eq!(Compact::new(&[0x80]).i64(), Err(Bad::Short));
        assert_eq!(Compact::new(&[0xff; 20]).i64(), Err(Bad::Invalid));
        assert_eq!(
            Compact::new(&[0xff, 0xff, 0xff, 0xff, 0x7f]).i32(),
            Err(Bad::Invalid)
        );
    }

    #[test]
    fn unknown_fields_are_skipped() {
        // 1: i32 5; 3: binary "ab"; 4: list of two i64; 5: struct {1: true}; 6: map; stop; a rest.
        let bytes = [
            0x15, 0x0a, 0x28, 2, b'a', b'b', 0x19, 0x26, 2, 4, 0x1c, 0x11, 0, 0x1b, 1, 0x53, 2, 2,
            0, 9,
        ];
        let mut compact = Compact::new(&bytes);
        let mut first = None;
        let read = compact.fields(|it, number, kind| {
            if (number, kind) == (1, I32) {
                first = Some(it.i32()?);
            }
            Ok(number == 1)
        });
        assert_eq!((read, first), (Ok(()), Some(5)));
        assert_eq!(compact.read_bytes(), bytes.len() - 1);
    }

    #[test]
    fn lengths_and_depths_are_no_trap() {
        let long = [0x18, 0xff, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(
            Compact::new(&long).fields(|_, _, _| Ok(false)),
            Err(Bad::Short)
        );
        let deep = [0x1c; 1000];
        assert_eq!(
            Compact::new(&deep).fields(|_, _, _| Ok(false)),
            Err(Bad::Invalid)
        );
        let list_of_lists = [0x19; 1000];
        assert_eq!(
            Compact::new(&list_of_lists).fields(|_, _, _| Ok(false)),
            Err(Bad::Invalid)
        );
    }
}
