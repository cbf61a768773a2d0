//! The segments of a JPEG file: sizes, tables, and what stands before each scan.

use crate::error::{Corruption, JpegError, Segment, Unsupported};
use crate::huffman::Table;
use std::sync::Arc;

/// The bytes that every file begins with.
pub(crate) const START_OF_IMAGE: [u8; 2] = [0xFF, 0xD8];
const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
/// The start of an APP1 segment that holds EXIF.
const EXIF: &[u8] = b"Exif\0\0";

/// What the frame header says.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) progressive: bool,
    pub(crate) components: Vec<HeaderComponent>,
}

/// One colour plane, as the frame header names it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeaderComponent {
    pub(crate) id: u8,
    /// How many of its samples stand side by side in an MCU, 1 to 4.
    pub(crate) horizontal: usize,
    /// How many stand one below the other, 1 to 4.
    pub(crate) vertical: usize,
    /// Which quantisation table, 0 to 3.
    pub(crate) quantisation: usize,
}

/// What a scan header says.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    /// Of each component in the scan: its place in the frame, its DC and AC tables.
    pub(crate) parts: Vec<(usize, usize, usize)>,
    /// First and last coefficient, in zigzag order.
    pub(crate) spectrum: (u8, u8),
    /// The bit that earlier scans came to, or 0.
    pub(crate) high: u8,
    /// The bit that this scan comes to.
    pub(crate) low: u8,
}

/// A walk over a file's segments, and the tables met so far.
pub(crate) struct Reader<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) place: usize,
    pub(crate) quantisation: [Option<[u16; 64]>; 4],
    pub(crate) dc: [Option<Arc<Table>>; 4],
    pub(crate) ac: [Option<Arc<Table>>; 4],
    /// MCUs between restart markers; 0 for none.
    pub(crate) restart_interval: usize,
    pub(crate) jfif: bool,
    /// Adobe's code of the colour model.
    pub(crate) adobe: Option<u8>,
    pub(crate) exif: Option<&'a [u8]>,
    header: Option<Header>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            place: START_OF_IMAGE.len(),
            quantisation: [None; 4],
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            restart_interval: 0,
            jfif: false,
            adobe: None,
            exif: None,
            header: None,
        }
    }

    /// Reads up to the frame header.
    pub(crate) fn read_header(&mut self) -> Result<Header, JpegError> {
        loop {
            match self.next_marker()? {
                START_OF_SCAN => return Err(Corruption::ScanBeforeFrame.into()),
                END_OF_IMAGE => return Err(Corruption::NoFrame.into()),
                marker => self.segment(marker)?,
            }
            if let Some(header) = &self.header {
                return Ok(header.clone());
            }
        }
    }

    /// Reads up to the next scan; `None` at the end of the picture.
    pub(crate) fn next_scan(&mut self, header: &Header) -> Result<Option<Scan>, JpegError> {
        loop {
            match self.next_marker()? {
                END_OF_IMAGE => return Ok(None),
                START_OF_SCAN => return self.scan(header).map(Some),
                marker => self.segment(marker)?,
            }
        }
    }

    /// The next marker's code. What stands before it is passed over, as libjpeg does.
    fn next_marker(&mut self) -> Result<u8, JpegError> {
        let rest = self.bytes.get(self.place..).unwrap_or_default();
        let is_marker = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xFF);
        let found = rest
            .windows(2)
            .position(is_marker)
            .ok_or(Corruption::CutOff)?;
        self.place += found + 2;
        Ok(rest[found + 1])
    }

    /// The bytes of a segment, after its length.
    fn payload(&mut self) -> Result<&'a [u8], JpegError> {
        let rest = self.bytes.get(self.place..).unwrap_or_default();
        let (length, _) = rest.split_first_chunk::<2>().ok_or(Corruption::CutOff)?;
        let length = u16::from_be_bytes(*length);
        if length < 2 {
            return Err(Corruption::SegmentLength { length }.into());
        }
        let length = usize::from(length);
        let payload = rest.get(2..length).ok_or(Corruption::CutOff)?;
        self.place += length;
        Ok(payload)
    }

    fn segment(&mut self, marker: u8) -> Result<(), JpegError> {
        match marker {
            0x01 | 0xD0..=0xD8 => Ok(()), // these have no length
            0xC0..=0xC2 => self.frame_header(marker == 0xC2),
            0xC4 => self.huffman_tables(),
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                Err(Unsupported::Coding { marker }.into())
            }
            0xDB => self.quantisation_tables(),
            0xDD => self.restart(),
            0xE0 => self
                .payload()
                .map(|data| self.jfif |= data.starts_with(b"JFIF\0")),
            0xE1 => self.exif(),
            0xEE => self.adobe(),
            _ => self.payload().map(drop),
        }
    }

    fn frame_header(&mut self, progressive: bool) -> Result<(), JpegError> {
        let data = self.payload()?;
        let &[precision, h1, h0, w1, w0, count, ref rest @ ..] = data else {
            return Err(Corruption::TooShort(Segment::FrameHeader).into());
        };
        if self.header.is_some() {
            return Err(Corruption::TwoFrames.into());
        }
        if precision != 8 {
            return Err(Unsupported::Precision { bits: precision }.into());
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(Unsupported::Components { count }.into());
        }
        let (parts, _) = rest.as_chunks::<3>();
        let parts = parts.get(..count.into());
        let parts = parts.ok_or(Corruption::TooShort(Segment::FrameHeader))?;
        let header = Header {
            width: u16::from_be_bytes([w1, w0]).into(),
            height: u16::from_be_bytes([h1, h0]).into(),
            progressive,
            components: parts.iter().map(component).collect::<Result<_, _>>()?,
        };
        let (width, height) = (header.width, header.height);
        if width == 0 || height == 0 {
            return Err(JpegError::NoPixels { width, height });
        }
        self.header = Some(header);
        Ok(())
    }

    fn quantisation_tables(&mut self) -> Result<(), JpegError> {
        let mut data = self.payload()?;
        while let [kind, rest @ ..] = data {
            let (wide, number) = (kind >> 4 != 0, kind & 15);
            let table = self.quantisation.get_mut(usize::from(number));
            let table = table.ok_or(Corruption::QuantisationTable { number })?;
            let bytes = if wide { 128 } else { 64 };
            let short = Corruption::TooShort(Segment::QuantisationTable);
            let (values, after) = rest.split_at_checked(bytes).ok_or(short)?;
            let mut natural = [0; 64];
            for (place, &target) in ZIGZAG[..64].iter().enumerate() {
                natural[usize::from(target)] = match wide {
                    true => u16::from_be_bytes([values[2 * place], values[2 * place + 1]]),
                    false => values[place].into(),
                };
            }
            *table = Some(natural);
            data = after;
        }
        Ok(())
    }

    fn huffman_tables(&mut self) -> Result<(), JpegError> {
        let mut data = self.payload()?;
        let short = Corruption::TooShort(Segment::HuffmanTable);
        while let [kind, rest @ ..] = data {
            let (class, number) = (kind >> 4, kind & 15);
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(short)?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, after) = rest.split_at_checked(total).ok_or(short)?;
            let tables = match class {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(Corruption::HuffmanClass { class }.into()),
            };
            let slot = tables.get_mut(usize::from(number));
            let slot = slot.ok_or(Corruption::HuffmanTable { number })?;
            *slot = Some(Arc::new(Table::new(counts, symbols)?));
            data = after;
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<(), JpegError> {
        let &[high, low, ..] = self.payload()? else {
            return Err(Corruption::TooShort(Segment::RestartInterval).into());
        };
        self.restart_interval = u16::from_be_bytes([high, low]).into();
        Ok(())
    }

    fn exif(&mut self) -> Result<(), JpegError> {
        let data = self.payload()?;
        if self.exif.is_none() {
            self.exif = data.strip_prefix(EXIF);
        }
        Ok(())
    }

    fn adobe(&mut self) -> Result<(), JpegError> {
        let data = self.payload()?;
        if data.starts_with(b"Adobe") && data.len() >= 12 {
            self.adobe = Some(data[11]);
        }
        Ok(())
    }

    fn scan(&mut self, header: &Header) -> Result<Scan, JpegError> {
        let data = self.payload()?;
        let short = Corruption::TooShort(Segment::ScanHeader);
        let (&count, rest) = data.split_first().ok_or(short)?;
        if count == 0 || usize::from(count) > header.components.len() {
            return Err(Corruption::ScanComponents { count }.into());
        }
        let count = usize::from(count);
        let (pairs, rest) = rest.split_at_checked(2 * count).ok_or(short)?;
        let &[first, last, bits, ..] = rest else {
            return Err(short.into());
        };
        let (pairs, _) = pairs.as_chunks::<2>();
        let parts = pairs.iter().map(|&[id, tables]| {
            let place = header
                .components
                .iter()
                .position(|component| component.id == id);
            let place = place.ok_or(Corruption::UnknownComponent { id })?;
            Ok((place, usize::from(tables >> 4) & 3, usize::from(tables) & 3))
        });
        let parts: Vec<_> = parts.collect::<Result<_, JpegError>>()?;
        let twice = |n: usize| parts[..n].iter().any(|part| part.0 == parts[n].0);
        if (1..count).any(twice) {
            return Err(Corruption::RepeatedComponent.into());
        }
        Ok(Scan {
            parts,
            spectrum: (first, last),
            high: bits >> 4,
            low: bits & 15,
        })
    }
}

fn component(&[id, factors, quantisation]: &[u8; 3]) -> Result<HeaderComponent, JpegError> {
    let (horizontal, vertical) = (factors >> 4, factors & 15);
    let good = (1..=4).contains(&horizontal) && (1..=4).contains(&vertical);
    if !good || quantisation > 3 {
        return Err(Corruption::Component {
            id,
            horizontal,
            vertical,
            table: quantisation,
        }
        .into());
    }
    Ok(HeaderComponent {
        id,
        horizontal: horizontal.into(),
        vertical: vertical.into(),
        quantisation: quantisation.into(),
    })
}

/// Where the coefficients stand in their block, in the order of the file. The 16 further places
/// catch what broken files count beyond the end.
pub(crate) const ZIGZAG: [u8; 80] = {
    let mut order = [63; 80];
    let (mut place, mut diagonal) = (0, 0);
    while diagonal < 15 {
        let start = if diagonal < 8 { 0 } else { diagonal - 7 };
        let mut step = start;
        while step <= diagonal - start {
            let (row, column) = match diagonal % 2 {
                0 => (diagonal - step, step),
                _ => (step, diagonal - step),
            };
            order[place] = (row * 8 + column) as u8;
            place += 1;
            step += 1;
        }
        diagonal += 1;
    }
    order
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zigzag_runs_along_the_diagonals() {
        assert_eq!(ZIGZAG[..10], [0, 1, 8, 16, 9, 2, 3, 10, 17, 24]);
        assert_eq!(ZIGZAG[58..66], [61, 54, 47, 55, 62, 63, 63, 63]);
        let mut sorted = ZIGZAG[..64].to_vec();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..64));
    }
}
