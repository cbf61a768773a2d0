//! The order of a scan's blocks.

use crate::bits::Bits;
use crate::error::JpegError;
use crate::frame::{Frame, LANES};
use crate::markers::Scan;

/// A walk over the MCUs of a scan, row after row.
pub(crate) struct Walk {
    /// The blocks of an MCU.
    blocks: Vec<Block>,
    /// MCUs across.
    pub(crate) across: usize,
    /// MCUs down.
    pub(crate) down: usize,
    interval: usize,
    until_restart: usize,
}

/// One of the blocks of every MCU.
struct Block {
    /// Its part of the scan.
    part: usize,
    /// Its place in the MCU.
    x: usize,
    y: usize,
    /// How many blocks of its part an MCU has across and down.
    across: usize,
    down: usize,
    /// Groups across the plane.
    groups: usize,
}

impl Walk {
    /// `interval` is the number of MCUs between restart markers, or 0.
    pub(crate) fn new(frame: &Frame, scan: &Scan, interval: usize) -> Self {
        let one = scan.parts.len() == 1;
        let mut blocks = Vec::new();
        for (part, &(place, ..)) in scan.parts.iter().enumerate() {
            let component = &frame.components[place];
            let (across, down) = match one {
                true => (1, 1),
                false => (component.horizontal, component.vertical),
            };
            blocks.extend((0..across * down).map(|n| Block {
                part,
                x: n % across,
                y: n / across,
                across,
                down,
                groups: component.groups,
            }));
        }
        let (across, down) = match one {
            true => frame.components[scan.parts[0].0].blocks,
            false => frame.mcus,
        };
        Self {
            blocks,
            across,
            down,
            interval,
            until_restart: interval,
        }
    }

    /// Reads a restart marker where one is due.
    #[inline(always)]
    pub(crate) fn restart(
        &mut self,
        bits: &mut Bits,
        forget: impl FnOnce(),
    ) -> Result<(), JpegError> {
        if self.interval == 0 {
            return Ok(());
        }
        if self.until_restart == 0 {
            *bits = bits.restarted()?;
            forget();
            self.until_restart = self.interval;
        }
        self.until_restart -= 1;
        Ok(())
    }

    /// How many blocks an MCU has.
    #[inline(always)]
    pub(crate) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// How many blocks the scan has.
    pub(crate) fn all_blocks(&self) -> usize {
        self.across * self.down * self.blocks.len()
    }

    /// A block of an MCU. `row` is the MCU row in the coefficients that are kept.
    #[inline(always)]
    pub(crate) fn block(&self, block: usize, mcu: usize, row: usize) -> Place {
        let block = &self.blocks[block];
        let column = mcu * block.across + block.x;
        Place {
            part: block.part,
            group: (row * block.down + block.y) * block.groups + column / LANES,
            lane: column % LANES,
        }
    }
}

/// Where the coefficients of a block stand.
pub(crate) struct Place {
    /// Its part of the scan.
    pub(crate) part: usize,
    /// Its group in the plane.
    pub(crate) group: usize,
    /// Its place in the group.
    pub(crate) lane: usize,
}
