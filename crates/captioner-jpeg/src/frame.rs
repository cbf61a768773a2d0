//! The colour planes of a picture, and how scans fill them.

use crate::bits::Bits;
use crate::blocks::{Place, Walk};
use crate::decoder::Region;
use crate::error::{Corruption, JpegError, Unsupported};
use crate::idct::{self, Inverse};
use crate::markers::{Header, Reader, Scan};
use crate::progressive;
use crate::samples::{Samples, Strip};
use crate::scan::{Codes, Predictions, Tables};
use crate::sequential::{self, Ready};
use rayon::ThreadPool;
use std::ops::Range;

/// Blocks side by side that are kept together, coefficient by coefficient, so that the inverse
/// transform works on all of them at once.
pub(crate) const LANES: usize = 16;
/// One group: coefficient `n` of block `b` at `n * LANES + b`.
pub(crate) type Group = [i16; 64 * LANES];

/// Scans that a progressive file may have; usual are 10. Each costs a walk over all blocks, however
/// short it is in the file.
const MOST_SCANS: u16 = 256;

/// A picture in the making.
pub(crate) struct Frame {
    pub(crate) header: Header,
    pub(crate) components: Vec<Component>,
    /// The largest sampling factors.
    pub(crate) most: (usize, usize),
    /// MCUs of the picture across and down.
    pub(crate) mcus: (usize, usize),
    /// Pixels of the picture that the edge of a block of the finest plane becomes: 8, 4, 2 or 1.
    pub(crate) points: usize,
}

/// One colour plane.
pub(crate) struct Component {
    pub(crate) horizontal: usize,
    pub(crate) vertical: usize,
    pub(crate) quantisation: usize,
    /// Blocks across and down that the picture covers.
    pub(crate) blocks: (usize, usize),
    /// Groups across.
    pub(crate) groups: usize,
    /// Coefficients of the whole plane, where several scans add to them.
    coefficients: Vec<Group>,
    /// Length of a row of samples in memory.
    pub(crate) stride: usize,
    /// Width and height of what the picture covers.
    pub(crate) size: (usize, usize),
    /// How many rows of blocks there are, whole MCUs.
    block_rows: usize,
    /// Pixels that the edge of a block becomes. At a reduced size, planes of fewer samples keep
    /// more of them, so that little or nothing is left to enlarge.
    pub(crate) points: usize,
}

impl Frame {
    /// The planes of a picture, whose size is within limits already. `bytes` is the file's length.
    pub(crate) fn new(header: &Header, points: usize, bytes: usize) -> Result<Self, JpegError> {
        let factors = header.components.iter();
        let most = factors.fold((1, 1), |(horizontal, vertical), component| {
            (
                horizontal.max(component.horizontal),
                vertical.max(component.vertical),
            )
        });
        let (width, height) = (header.width as usize, header.height as usize);
        let mcus = (width.div_ceil(8 * most.0), height.div_ceil(8 * most.1));
        let mut frame = Self {
            header: header.clone(),
            components: Vec::new(),
            most,
            mcus,
            points,
        };
        let blocks: usize = header
            .components
            .iter()
            .map(|c| c.horizontal * c.vertical)
            .sum();
        if header.components.len() > 1 && blocks > 10 {
            return Err(Corruption::BlocksOfMcu {
                blocks: blocks as u8,
            }
            .into()); // at most 4 x 16
        }
        // Every block takes at least one bit. A file that promises more is cut off, or a bomb.
        if mcus.0 * mcus.1 * blocks > bytes * 8 {
            return Err(Corruption::CutOff.into());
        }
        frame.components = header
            .components
            .iter()
            .map(|c| frame.component(c))
            .collect::<Result<_, _>>()?;
        Ok(frame)
    }

    fn component(&self, header: &crate::markers::HeaderComponent) -> Result<Component, JpegError> {
        // Alone, a component is its own MCU, whatever factors it names.
        let alone = self.header.components.len() == 1;
        let (horizontal, vertical) = (header.horizontal, header.vertical);
        if !self.most.0.is_multiple_of(horizontal) || !self.most.1.is_multiple_of(vertical) {
            return Err(Unsupported::SamplingFactors {
                horizontal: horizontal as u8, // factors are at most 4
                vertical: vertical as u8,
                most_horizontal: self.most.0 as u8,
                most_vertical: self.most.1 as u8,
            }
            .into());
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
            false => (self.mcus.0 * horizontal, self.mcus.1 * vertical),
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

    /// Reads all scans and makes at least the samples that the wanted part is made of, telling how far
    /// they are.
    pub(crate) fn read_scans(
        &mut self,
        reader: &mut Reader,
        first: &Scan,
        (wanted, pool): (&Region, Option<&ThreadPool>),
        ready: &mut Ready<'_>,
    ) -> Result<(), JpegError> {
        let all_at_once = !self.header.progressive && first.parts.len() == self.components.len();
        if all_at_once {
            sequential::read(self, reader, first, (wanted, pool), ready)?;
            // libjpeg reads no further scan of such a file; the end must be there all the same.
            reader.next_scan(&self.header)?;
        } else {
            let samples = self.read_in_turns(reader, first)?;
            ready(self, &samples, self.size().1);
        }
        Ok(())
    }

    /// A progressive file, or one with a scan for each plane: all coefficients are kept to the end.
    fn read_in_turns(&mut self, reader: &mut Reader, first: &Scan) -> Result<Samples, JpegError> {
        for component in &mut self.components {
            component.coefficients = vec![[0; 64 * LANES]; component.groups * component.block_rows];
        }
        // A table may be redefined between scans; what counts is the one at a plane's first scan.
        let mut quantisation = vec![None; self.components.len()];
        let mut next = Some(first.clone());
        let mut scans = 0;
        while let Some(scan) = next {
            scans += 1;
            if scans > MOST_SCANS {
                return Err(Corruption::TooManyScans { most: MOST_SCANS }.into());
            }
            for &(place, ..) in &scan.parts {
                let number = self.components[place].quantisation;
                quantisation[place] = quantisation[place].or(reader.quantisation[number]);
            }
            self.read_scan(reader, &scan)?;
            next = reader.next_scan(&self.header)?;
        }
        let mut strip = Strip::new();
        for (component, table) in self.components.iter_mut().zip(quantisation) {
            let table = table.ok_or(Corruption::NoScanOfComponent)?;
            let mut plane = vec![0; component.stride * component.block_rows * component.points];
            idct::transform(
                &Inverse::new(&table),
                component.points,
                &mut component.coefficients,
                component.groups,
                0..component.groups,
                &mut plane,
            );
            component.coefficients = Vec::new();
            strip.push(plane);
        }
        Ok(Samples::whole(strip))
    }

    fn read_scan(&mut self, reader: &mut Reader, scan: &Scan) -> Result<(), JpegError> {
        let mut bits = Bits::new(reader.bytes, reader.place);
        let mut walk = Walk::new(self, scan, reader.restart_interval);
        let coding = match self.header.progressive {
            true => Coding::Progressive(progressive::tables(reader, scan)?),
            false => Coding::Sequential(Codes::of(reader, scan, walk.all_blocks())?),
        };
        let mut predictions = Predictions::default();
        for row in 0..walk.down {
            for mcu in 0..walk.across {
                walk.restart(&mut bits, || predictions = Predictions::default())?;
                for block in 0..walk.blocks() {
                    let Place { part, group, lane } = walk.block(block, mcu, row);
                    let component = &mut self.components[scan.parts[part].0];
                    let group = &mut component.coefficients[group];
                    let (bits, predictions) = (&mut bits, &mut predictions);
                    match &coding {
                        Coding::Sequential(codes) => {
                            codes[part].block(bits, &mut predictions.dc[part % 4], group, lane)
                        }
                        Coding::Progressive(tables) => {
                            progressive::block(tables, scan, part, bits, predictions, group, lane)
                        }
                    }?;
                }
                bits.check()?;
            }
        }
        reader.place = bits.marker();
        Ok(())
    }

    /// Rows of blocks of a component in an MCU row, of a scan of all components.
    pub(crate) fn block_rows_of_mcu(&self, component: &Component) -> usize {
        match self.components.len() {
            1 => 1,
            _ => component.vertical,
        }
    }

    /// How many pixels of the picture a sample stands for, across and down.
    pub(crate) fn factors(&self, component: &Component) -> (usize, usize) {
        (
            self.most.0 * self.points / (component.horizontal * component.points),
            self.most.1 * self.points / (component.vertical * component.points),
        )
    }

    /// The groups of a component that these columns of pixels are made of.
    pub(crate) fn groups_of(&self, component: &Component, columns: &Range<usize>) -> Range<usize> {
        // One more sample on either side for upsampling.
        let (across, edge) = (self.factors(component).0, LANES * component.points);
        let first = (columns.start / across).saturating_sub(1) / edge;
        let end = (columns.end.div_ceil(across) + 1).div_ceil(edge);
        first..end.min(component.groups)
    }

    /// How many rows of the picture can be made of the MCU rows before `end`, in a scan of all
    /// components.
    pub(crate) fn rows_above(&self, end: usize) -> usize {
        let edge = match self.components.len() {
            1 => self.points,
            _ => self.most.1 * self.points,
        };
        match self.size().1 {
            height if end * edge >= height => height,
            _ => end * edge - 1, // upsampling the last one takes samples of the next row too
        }
    }

    /// The MCU rows, in a scan of all components, that these rows of pixels are made of.
    pub(crate) fn mcu_rows_of(&self, rows: &Range<usize>) -> Range<usize> {
        let (mut first, mut end) = (usize::MAX, 0);
        for component in &self.components {
            let down = self.factors(component).1;
            let edge = self.block_rows_of_mcu(component) * component.points;
            first = first.min((rows.start / down).saturating_sub(1) / edge);
            end = end.max((rows.end.div_ceil(down) + 1).div_ceil(edge));
        }
        first..end
    }
}

/// How the blocks of a scan are coded.
enum Coding {
    Sequential(Vec<Codes>),
    Progressive(Tables),
}

/// A length after scaling, as libjpeg rounds it.
fn scaled(length: usize, points: usize) -> usize {
    (length * points).div_ceil(8)
}
