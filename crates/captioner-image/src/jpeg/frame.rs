//! The colour planes of a picture, and how scans fill them.

use super::bits::Bits;
use super::idct::{self, Inverse};
use super::markers::{Header, Reader, Scan};
use super::scan::{Predictions, Tables};
use super::{corrupt, cut_off, progressive};
use crate::ImageError;

/// Blocks side by side that are kept together, coefficient by coefficient, so that the inverse
/// transform works on all of them at once.
pub(crate) const LANES: usize = 8;
/// One group: coefficient `n` of block `b` at `n * LANES + b`.
pub(crate) type Group = [i16; 64 * LANES];

/// Scans that a progressive file may have; usual are 10. Each costs a walk over all blocks, however
/// short it is in the file.
const MOST_SCANS: usize = 256;

/// A picture in the making.
pub(crate) struct Frame {
    pub(crate) header: Header,
    pub(crate) components: Vec<Component>,
    /// The largest sampling factors.
    pub(crate) most: (usize, usize),
    /// Units of the picture across and down.
    units: (usize, usize),
    /// Pixels of the picture that the edge of a block of the finest plane becomes: 8, 4, 2 or 1.
    pub(crate) points: usize,
}

/// One colour plane.
pub(crate) struct Component {
    pub(crate) horizontal: usize,
    pub(crate) vertical: usize,
    quantisation: usize,
    /// Blocks across and down that the picture covers.
    blocks: (usize, usize),
    /// Groups across.
    groups: usize,
    /// Coefficients of a row of units, or of the whole plane.
    coefficients: Vec<Group>,
    /// The samples, row after row.
    pub(crate) samples: Vec<u8>,
    /// Length of a row of samples in memory.
    pub(crate) stride: usize,
    /// Width and height of what the picture covers.
    pub(crate) size: (usize, usize),
    /// How many rows of blocks there are, whole units.
    block_rows: usize,
    /// Pixels that the edge of a block becomes. At a reduced size, planes of fewer samples keep
    /// more of them, so that little or nothing is left to enlarge.
    pub(crate) points: usize,
}

impl Frame {
    /// Room for a picture, whose size is within limits already. `bytes` is the file's length.
    pub(crate) fn new(header: &Header, points: usize, bytes: usize) -> Result<Self, ImageError> {
        let factors = header.components.iter();
        let most = factors.fold((1, 1), |(horizontal, vertical), component| {
            (
                horizontal.max(component.horizontal),
                vertical.max(component.vertical),
            )
        });
        let (width, height) = (header.width as usize, header.height as usize);
        let units = (width.div_ceil(8 * most.0), height.div_ceil(8 * most.1));
        let mut frame = Self {
            header: header.clone(),
            components: Vec::new(),
            most,
            units,
            points,
        };
        let blocks: usize = header
            .components
            .iter()
            .map(|c| c.horizontal * c.vertical)
            .sum();
        if header.components.len() > 1 && blocks > 10 {
            return Err(corrupt(format!(
                "{blocks} blocks in a unit; at most 10 may be"
            )));
        }
        // Every block takes at least one bit. A file that promises more is cut off, or a bomb.
        if units.0 * units.1 * blocks > bytes * 8 {
            return Err(cut_off());
        }
        frame.components = header
            .components
            .iter()
            .map(|c| frame.component(c))
            .collect::<Result<_, _>>()?;
        Ok(frame)
    }

    fn component(&self, header: &super::markers::HeaderComponent) -> Result<Component, ImageError> {
        // Alone, a component is its own unit, whatever factors it names.
        let alone = self.header.components.len() == 1;
        let (horizontal, vertical) = (header.horizontal, header.vertical);
        if !self.most.0.is_multiple_of(horizontal) || !self.most.1.is_multiple_of(vertical) {
            return Err(super::unsupported(format!(
                "sampling factors {horizontal}x{vertical} beside {}x{}",
                self.most.0, self.most.1
            )));
        }
        let covered = |length: u32, factor: usize, most: usize, edge: usize| {
            (length as usize * factor).div_ceil(most * edge)
        };
        let (width, height) = (self.header.width, self.header.height);
        let blocks = (
            covered(width, horizontal, self.most.0, 8),
            covered(height, vertical, self.most.1, 8),
        );
        let (across, down) = match alone {
            true => blocks,
            false => (self.units.0 * horizontal, self.units.1 * vertical),
        };
        let groups = across.div_ceil(LANES);
        let points = self.points_of(horizontal, vertical);
        Ok(Component {
            horizontal,
            vertical,
            quantisation: header.quantisation,
            blocks,
            groups,
            coefficients: Vec::new(),
            samples: Vec::new(),
            stride: groups * LANES * points,
            size: (
                (width as usize * horizontal * points).div_ceil(8 * self.most.0),
                (height as usize * vertical * points).div_ceil(8 * self.most.1),
            ),
            block_rows: down,
            points,
        })
    }

    /// Doubled as long as the plane stays no finer than the picture, as libjpeg does.
    fn points_of(&self, horizontal: usize, vertical: usize) -> usize {
        let fits = |points: usize, factor: usize, most: usize| {
            (most * self.points).is_multiple_of(factor * points)
        };
        let mut points = self.points;
        while points < 8
            && fits(2 * points, horizontal, self.most.0)
            && fits(2 * points, vertical, self.most.1)
        {
            points *= 2;
        }
        points
    }

    /// Width and height of the picture to come.
    pub(crate) fn size(&self) -> (usize, usize) {
        let (width, height) = (self.header.width as usize, self.header.height as usize);
        (scaled(width, self.points), scaled(height, self.points))
    }

    /// The bytes that decoding will take, the finished picture included.
    pub(crate) fn memory(&self) -> u64 {
        let planes = self.components.iter().map(|component| {
            let groups = (component.groups * component.block_rows) as u64;
            let samples = groups * (LANES * component.points * component.points) as u64;
            // Kept whole where several scans may add to them.
            samples + groups * size_of::<Group>() as u64
        });
        let (width, height) = self.size();
        planes.sum::<u64>() + 3 * width as u64 * height as u64
    }

    /// Reads all scans and leaves the samples.
    pub(crate) fn read_scans(&mut self, reader: &mut Reader) -> Result<(), ImageError> {
        let first = reader
            .next_scan(&self.header)?
            .ok_or_else(|| corrupt("it has no pixels"))?;
        for component in &mut self.components {
            component.samples = vec![0; component.stride * component.block_rows * component.points];
        }
        let all_at_once = !self.header.progressive && first.parts.len() == self.components.len();
        if all_at_once {
            self.read_at_once(reader, &first)?;
            // libjpeg reads no further scan of such a file; the end must be there all the same.
            return reader.next_scan(&self.header).map(drop);
        }
        self.read_in_turns(reader, first)
    }

    /// A sequential file of one scan: a row of units is decoded, transformed and forgotten.
    fn read_at_once(&mut self, reader: &mut Reader, scan: &Scan) -> Result<(), ImageError> {
        for component in &mut self.components {
            let rows = component.rows_of_a_unit(self.header.components.len() == 1);
            component.coefficients = vec![[0; 64 * LANES]; component.groups * rows];
        }
        let tables = Tables::new(reader, scan)?;
        let inverses = self.inverses(reader)?;
        let mut bits = Bits::new(reader.bytes, reader.place);
        let mut walk = Walk::new(self, scan, reader.restart_interval);
        let mut predictions = Predictions::default();
        while let Some(row) = walk.next_row() {
            for unit in 0..walk.across {
                walk.restart(&mut bits, || predictions = Predictions::default())?;
                walk.each_block(unit, 0, |part, place, block| {
                    let component = &mut self.components[scan.parts[part].0];
                    let group = &mut component.coefficients[place];
                    tables.sequential_block(part, &mut bits, &mut predictions, group, block)
                })?;
                bits.check()?;
            }
            self.transform_row(row, &inverses, scan);
        }
        reader.place = bits.marker();
        Ok(())
    }

    /// Inverse transform of the rows of blocks in one row of units, and zeros in their place.
    fn transform_row(&mut self, row: usize, inverses: &[Inverse], scan: &Scan) {
        for &(place, ..) in &scan.parts {
            let component = &mut self.components[place];
            let rows = component.coefficients.len() / component.groups;
            let below = row * rows * component.points * component.stride;
            let samples = &mut component.samples[below..];
            idct::transform(
                &inverses[place],
                component.points,
                &mut component.coefficients,
                component.groups,
                samples,
            );
        }
    }

    /// A progressive file, or one with a scan for each plane: all coefficients are kept to the end.
    fn read_in_turns(&mut self, reader: &mut Reader, first: Scan) -> Result<(), ImageError> {
        for component in &mut self.components {
            component.coefficients = vec![[0; 64 * LANES]; component.groups * component.block_rows];
        }
        // A table may be redefined between scans; what counts is the one at a plane's first scan.
        let mut quantisation = vec![None; self.components.len()];
        let mut next = Some(first);
        let mut scans = 0;
        while let Some(scan) = next {
            scans += 1;
            if scans > MOST_SCANS {
                return Err(corrupt(format!("it has more than {MOST_SCANS} scans")));
            }
            for &(place, ..) in &scan.parts {
                let number = self.components[place].quantisation;
                quantisation[place] = quantisation[place].or(reader.quantisation[number]);
            }
            self.read_scan(reader, &scan)?;
            next = reader.next_scan(&self.header)?;
        }
        for (component, table) in self.components.iter_mut().zip(quantisation) {
            let table = table.ok_or_else(|| corrupt("a colour channel has no scan or no table"))?;
            idct::transform(
                &Inverse::new(&table),
                component.points,
                &mut component.coefficients,
                component.groups,
                &mut component.samples,
            );
            component.coefficients = Vec::new();
        }
        Ok(())
    }

    fn read_scan(&mut self, reader: &mut Reader, scan: &Scan) -> Result<(), ImageError> {
        let mut bits = Bits::new(reader.bytes, reader.place);
        let mut walk = Walk::new(self, scan, reader.restart_interval);
        let sequential = !self.header.progressive;
        let tables = match sequential {
            true => Tables::new(reader, scan)?,
            false => progressive::tables(reader, scan)?,
        };
        let mut predictions = Predictions::default();
        while let Some(row) = walk.next_row() {
            for unit in 0..walk.across {
                walk.restart(&mut bits, || predictions = Predictions::default())?;
                walk.each_block(unit, row, |part, place, block| {
                    let component = &mut self.components[scan.parts[part].0];
                    let group = &mut component.coefficients[place];
                    let (bits, predictions) = (&mut bits, &mut predictions);
                    match sequential {
                        true => tables.sequential_block(part, bits, predictions, group, block),
                        false => {
                            progressive::block(&tables, scan, part, bits, predictions, group, block)
                        }
                    }
                })?;
                bits.check()?;
            }
        }
        reader.place = bits.marker();
        Ok(())
    }

    fn inverses(&self, reader: &Reader) -> Result<Vec<Inverse>, ImageError> {
        let tables = self.components.iter().map(|component| {
            let table = reader.quantisation[component.quantisation].as_ref();
            let table = table.ok_or_else(|| corrupt("a quantisation table is missing"))?;
            Ok(Inverse::new(table))
        });
        tables.collect()
    }
}

impl Component {
    fn rows_of_a_unit(&self, alone: bool) -> usize {
        if alone { 1 } else { self.vertical }
    }
}

/// A length after scaling, as libjpeg rounds it.
fn scaled(length: usize, points: usize) -> usize {
    (length * points).div_ceil(8)
}

/// The order of a scan's blocks.
struct Walk {
    /// Of each part of the scan: blocks of a unit across and down, and groups across the plane.
    parts: Vec<(usize, usize, usize)>,
    across: usize,
    down: usize,
    row: usize,
    interval: usize,
    until_restart: usize,
}

impl Walk {
    fn new(frame: &Frame, scan: &Scan, interval: usize) -> Self {
        let one = scan.parts.len() == 1;
        let parts = scan.parts.iter().map(|&(place, ..)| {
            let component = &frame.components[place];
            match one {
                true => (1, 1, component.groups),
                false => (component.horizontal, component.vertical, component.groups),
            }
        });
        let (across, down) = match one {
            true => frame.components[scan.parts[0].0].blocks,
            false => frame.units,
        };
        Self {
            parts: parts.collect(),
            across,
            down,
            row: 0,
            interval,
            until_restart: interval,
        }
    }

    fn next_row(&mut self) -> Option<usize> {
        let row = self.row;
        self.row += 1;
        (row < self.down).then_some(row)
    }

    /// Reads a restart marker where one is due.
    #[inline(always)]
    fn restart(&mut self, bits: &mut Bits, forget: impl FnOnce()) -> Result<(), ImageError> {
        if self.interval == 0 {
            return Ok(());
        }
        if self.until_restart == 0 {
            bits.restart()?;
            forget();
            self.until_restart = self.interval;
        }
        self.until_restart -= 1;
        Ok(())
    }

    /// Calls `read` with each block of a unit: its part, its group in the plane, its place in that.
    /// `row` is the row of units in the coefficients that are kept.
    #[inline(always)]
    fn each_block(
        &self,
        unit: usize,
        row: usize,
        mut read: impl FnMut(usize, usize, usize) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        for (part, &(across, down, groups)) in self.parts.iter().enumerate() {
            for y in 0..down {
                for x in 0..across {
                    let column = unit * across + x;
                    let group = (row * down + y) * groups + column / LANES;
                    read(part, group, column % LANES)?;
                }
            }
        }
        Ok(())
    }
}
