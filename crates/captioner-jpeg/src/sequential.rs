//! Sequential files of one scan, which are nearly all: each MCU row is decoded, transformed and
//! forgotten. On several threads, one decodes while others make pixels of what it has.

use crate::bits::Bits;
use crate::blocks::{Place, Walk};
use crate::decoder::Region;
use crate::error::{Corruption, JpegError};
use crate::frame::{Component, Frame, Group};
use crate::idct::{self, Inverse};
use crate::markers::{Reader, Scan};
use crate::samples::{Samples, Strip};
use crate::scan::{Codes, Predictions};
use rayon::ThreadPool;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

/// What is told again and again: the samples, and how many rows of the picture can be made of them.
pub(crate) type Ready<'r> = dyn FnMut(&Frame, &Samples, usize) + Send + 'r;

/// Reads the scan, and makes the samples of the wanted part and whatever else comes with them.
pub(crate) fn read(
    frame: &Frame,
    reader: &mut Reader,
    scan: &Scan,
    (wanted, pool): (&Region, Option<&ThreadPool>),
    ready: &mut Ready<'_>,
) -> Result<(), JpegError> {
    let spare = Spare::default();
    let transformer = Transformer::new(frame, reader, scan, wanted, &spare)?;
    let mut decoder = Decoder::new(frame, reader, scan, &spare)?;
    match pool {
        None => {
            let mut samples = Samples::new();
            while let Some(row) = decoder.next()? {
                samples.push(transformer.transform(row));
                ready(frame, &samples, frame.rows_above(samples.strips()));
            }
        }
        Some(pool) => on_two_threads(pool, &mut decoder, &transformer, ready)?,
    }
    reader.place = decoder.bits.marker();
    Ok(())
}

/// One thread decodes. Another one transforms what it gets, tells what is there, and with that makes
/// pixels; where it falls behind, it gets what is transformed already.
fn on_two_threads(
    pool: &ThreadPool,
    decoder: &mut Decoder,
    transformer: &Transformer,
    ready: &mut Ready<'_>,
) -> Result<(), JpegError> {
    let frame = transformer.frame;
    let (sender, receiver) = mpsc::channel();
    let waiting = AtomicUsize::new(0);
    let decode = || {
        let sender = sender; // dropped at the end, which ends the other side
        while let Some(row) = decoder.next()? {
            let row = match waiting.load(Ordering::Relaxed) {
                0 => Handed::Coefficients(row),
                _ => Handed::Samples(transformer.transform(row)),
            };
            waiting.fetch_add(1, Ordering::Relaxed);
            // Nobody listens after a panic there, which goes on here when both are done.
            let _ = sender.send(row);
        }
        Ok(())
    };
    let finish = || {
        let receiver = receiver;
        let mut samples = Samples::new();
        while let Some(first) = wait(&receiver) {
            // All that is there at once: at the end, that is enough for all threads.
            for row in std::iter::once(first).chain(receiver.try_iter()) {
                waiting.fetch_sub(1, Ordering::Relaxed);
                samples.push(match row {
                    Handed::Coefficients(row) => transformer.transform(row),
                    Handed::Samples(strip) => strip,
                });
            }
            ready(frame, &samples, frame.rows_above(samples.strips()));
        }
    };
    // Decoding waits for nothing, so it comes to its end even where all threads are busy.
    let (decoded, ()) = pool.install(|| rayon::join(decode, finish));
    decoded
}

/// What is handed over of an MCU row.
enum Handed {
    Coefficients(McuRow),
    Samples(Strip),
}

/// The next message, or nothing when there will be none. Looks a few times before it sleeps: being
/// woken takes longer than the other thread needs for a row.
fn wait<T>(receiver: &mpsc::Receiver<T>) -> Option<T> {
    for _ in 0..50 {
        match receiver.try_recv() {
            Ok(message) => return Some(message),
            Err(mpsc::TryRecvError::Disconnected) => return None,
            Err(mpsc::TryRecvError::Empty) => std::thread::yield_now(),
        }
    }
    receiver.recv().ok()
}

/// For each part of a scan, the groups of an MCU row.
type Coefficients = Vec<Vec<Group>>;
/// Coefficients that are all zero, to be used again.
type Spare = Mutex<Vec<Coefficients>>;

/// A decoded MCU row.
struct McuRow {
    number: usize,
    coefficients: Coefficients,
}

/// From bits to coefficients.
struct Decoder<'a, 'b> {
    frame: &'a Frame,
    scan: &'a Scan,
    spare: &'a Spare,
    codes: Vec<Codes>,
    bits: Bits<'b>,
    walk: Walk,
    predictions: Predictions,
    /// The next MCU row.
    row: usize,
}

impl<'a, 'b> Decoder<'a, 'b> {
    fn new(
        frame: &'a Frame,
        reader: &Reader<'b>,
        scan: &'a Scan,
        spare: &'a Spare,
    ) -> Result<Self, JpegError> {
        let walk = Walk::new(frame, scan, reader.restart_interval);
        Ok(Self {
            frame,
            scan,
            spare,
            codes: Codes::of(reader, scan, walk.all_blocks())?,
            bits: Bits::new(reader.bytes, reader.place),
            walk,
            predictions: Predictions::default(),
            row: 0,
        })
    }

    /// The next MCU row.
    fn next(&mut self) -> Result<Option<McuRow>, JpegError> {
        let number = self.row;
        if number == self.walk.down {
            return Ok(None);
        }
        self.row += 1;
        let mut coefficients = self.zeros();
        pulp::Arch::new().dispatch(Decoding {
            decoder: self,
            coefficients: &mut coefficients,
        })?;
        Ok(Some(McuRow {
            number,
            coefficients,
        }))
    }

    /// Zeros for an MCU row.
    fn zeros(&self) -> Coefficients {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.pop().unwrap_or_else(|| {
            let of_a_row = |part: &(usize, usize, usize)| {
                let component = &self.frame.components[part.0];
                vec![[0; _]; component.groups * self.frame.block_rows_of_mcu(component)]
            };
            self.scan.parts.iter().map(of_a_row).collect()
        })
    }
}

/// The decoding of one MCU row, compiled for each set of vector instructions: shifts that leave
/// the flags alone come with them.
struct Decoding<'a, 'b, 'c> {
    decoder: &'a mut Decoder<'b, 'c>,
    coefficients: &'a mut Coefficients,
}

impl pulp::NullaryFnOnce for Decoding<'_, '_, '_> {
    type Output = Result<(), JpegError>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Decoder {
            codes,
            bits,
            walk,
            predictions,
            ..
        } = self.decoder;
        for mcu in 0..walk.across {
            walk.restart(bits, || *predictions = Predictions::default())?;
            // A closure would be compiled without the instructions that are meant here.
            for block in 0..walk.blocks() {
                let Place { part, group, lane } = walk.block(block, mcu, 0);
                let group = &mut self.coefficients[part][group];
                let last = &mut predictions.dc[part % 4];
                codes[part].block(bits, last, group, lane)?;
            }
            bits.check()?;
        }
        Ok(())
    }
}

/// From coefficients to samples.
struct Transformer<'a> {
    frame: &'a Frame,
    spare: &'a Spare,
    /// The MCU rows that are wanted.
    rows: Range<usize>,
    /// In the order of the scan.
    parts: Vec<PartOfScan<'a>>,
}

struct PartOfScan<'a> {
    /// Its place among the components.
    place: usize,
    component: &'a Component,
    inverse: Inverse,
    /// The groups that are wanted of each row of blocks.
    columns: Range<usize>,
    /// How many rows of blocks an MCU row has.
    block_rows_of_mcu: usize,
}

impl<'a> Transformer<'a> {
    fn new(
        frame: &'a Frame,
        reader: &Reader,
        scan: &Scan,
        wanted: &Region,
        spare: &'a Spare,
    ) -> Result<Self, JpegError> {
        let parts = scan.parts.iter().map(|&(place, ..)| {
            let component = &frame.components[place];
            let table = reader.quantisation[component.quantisation].as_ref();
            let table = table.ok_or(Corruption::NoQuantisationTable)?;
            Ok(PartOfScan {
                place,
                component,
                inverse: Inverse::new(table),
                columns: frame.groups_of(component, &wanted.columns),
                block_rows_of_mcu: frame.block_rows_of_mcu(component),
            })
        });
        Ok(Self {
            frame,
            spare,
            rows: frame.mcu_rows_of(&wanted.rows),
            parts: parts.collect::<Result<_, JpegError>>()?,
        })
    }

    /// The samples of an MCU row, as far as they are wanted; zeros elsewhere.
    fn transform(&self, row: McuRow) -> Strip {
        let mut strip: Strip = self.frame.components.iter().map(|_| Vec::new()).collect();
        let mut coefficients = row.coefficients;
        for (part, groups) in self.parts.iter().zip(&mut coefficients) {
            let component = part.component;
            let samples = &mut strip[part.place];
            samples.resize(
                part.block_rows_of_mcu * component.points * component.stride,
                0,
            );
            if !self.rows.contains(&row.number) {
                groups.fill([0; _]);
                continue;
            }
            idct::transform(
                &part.inverse,
                component.points,
                groups,
                component.groups,
                part.columns.clone(),
                samples,
            );
        }
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.push(coefficients);
        strip
    }
}
