//! Sequential files of one scan, which are nearly all: some rows of units are decoded, transformed and
//! forgotten. On several threads, one decodes while another makes pixels of what it has.

use super::bits::Bits;
use super::corrupt;
use super::frame::{Component, Frame, Group};
use super::idct::{self, Inverse};
use super::markers::{Reader, Scan};
use super::samples::{Samples, Strip};
use super::scan::{Codes, Predictions};
use super::walk::{Place, Walk};
use crate::ImageError;
use crate::pixels::{Part, Spread};
use rayon::ThreadPool;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

/// On several threads, the parts in which a picture is handed over: few enough that waking the other
/// thread costs little, enough that both are busy most of the time.
const HANDOVERS: usize = 8;

/// What is told after every batch: the samples, and how many rows of the picture can be made of them.
pub(crate) type Ready<'r> = dyn FnMut(&Frame, &Samples, usize) + Send + 'r;

/// Reads the scan, and makes the samples of the wanted part and whatever else comes with them.
pub(crate) fn read(
    frame: &Frame,
    reader: &mut Reader,
    scan: &Scan,
    (wanted, spread): (&Part, Spread),
    ready: &mut Ready<'_>,
) -> Result<(), ImageError> {
    let spare = Spare::default();
    let transformer = Transformer::new(frame, reader, scan, wanted, &spare)?;
    let mut decoder = Decoder::new(frame, reader, scan, &spare)?;
    match spread {
        Spread::Alone => {
            let mut samples = Samples::new(1);
            while let Some(batch) = decoder.next(1)? {
                let end = batch.rows.end;
                samples.push(transformer.transform(batch));
                ready(frame, &samples, frame.rows_above(end));
            }
        }
        Spread::Pool(pool) => on_two_threads(pool, &mut decoder, &transformer, ready)?,
    }
    reader.place = decoder.bits.marker();
    Ok(())
}

/// This thread decodes. One of the pool transforms what it gets, tells what is there, and with that
/// makes pixels; where it falls behind, it gets samples that are transformed already.
fn on_two_threads(
    pool: &ThreadPool,
    decoder: &mut Decoder,
    transformer: &Transformer,
    ready: &mut Ready<'_>,
) -> Result<(), ImageError> {
    let frame = transformer.frame;
    let rows = decoder.walk.down.div_ceil(HANDOVERS);
    let (sender, receiver) = mpsc::channel();
    let waiting = AtomicUsize::new(0);
    let decode = || {
        let sender = sender; // dropped at the end, which ends the other side
        while let Some(batch) = decoder.next(rows)? {
            let end = batch.rows.end;
            let part = match waiting.load(Ordering::Relaxed) {
                0 => Decoded::Coefficients(batch),
                _ => Decoded::Samples(transformer.transform(batch)),
            };
            waiting.fetch_add(1, Ordering::Relaxed);
            // Nobody listens after a panic there, which goes on here when both are done.
            let _ = sender.send((end, part));
        }
        Ok(())
    };
    let finish = || {
        let receiver = receiver;
        let mut samples = Samples::new(rows);
        while let Some(first) = wait(&receiver) {
            // All that is there at once: at the end, that is enough for both threads.
            let mut above = 0;
            for (end, part) in std::iter::once(first).chain(receiver.try_iter()) {
                waiting.fetch_sub(1, Ordering::Relaxed);
                samples.push(match part {
                    Decoded::Coefficients(batch) => transformer.transform(batch),
                    Decoded::Samples(strip) => strip,
                });
                above = frame.rows_above(end);
            }
            ready(frame, &samples, above);
        }
    };
    // Decoding waits for nothing, so it comes to its end even where all threads are busy.
    let (decoded, ()) = pool.install(|| rayon::join(decode, finish));
    decoded
}

/// What is handed over of some rows of units.
enum Decoded {
    Coefficients(Batch),
    Samples(Strip),
}

/// The next message, or nothing when there will be none. Looks a few times before it sleeps: being
/// woken takes longer than the other thread needs for a batch.
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

/// For each part of a scan, the groups of some rows of units.
type Coefficients = Vec<Vec<Group>>;
/// Coefficients that are all zero, to be used again.
type Spare = Mutex<Vec<Coefficients>>;

/// Decoded rows of units.
struct Batch {
    rows: Range<usize>,
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
    /// The next row of units.
    row: usize,
}

impl<'a, 'b> Decoder<'a, 'b> {
    fn new(
        frame: &'a Frame,
        reader: &Reader<'b>,
        scan: &'a Scan,
        spare: &'a Spare,
    ) -> Result<Self, ImageError> {
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

    /// The next rows of units, at most `count`.
    fn next(&mut self, count: usize) -> Result<Option<Batch>, ImageError> {
        let rows = self.row..self.walk.down.min(self.row + count);
        if rows.is_empty() {
            return Ok(None);
        }
        self.row = rows.end;
        let mut coefficients = self.zeros(count);
        for place in 0..rows.len() {
            pulp::Arch::new().dispatch(UnitRow {
                decoder: self,
                coefficients: &mut coefficients,
                place,
            })?;
        }
        Ok(Some(Batch { rows, coefficients }))
    }

    /// Room for so many rows of units.
    fn zeros(&self, rows: usize) -> Coefficients {
        let spare = self
            .spare
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        spare.unwrap_or_else(|| {
            let components = self
                .scan
                .parts
                .iter()
                .map(|part| &self.frame.components[part.0]);
            components
                .map(|component| {
                    let of_a_row = component.groups * self.frame.rows_of_a_unit(component);
                    vec![[0; _]; of_a_row * rows]
                })
                .collect()
        })
    }
}

/// The decoding of one row of units, compiled for each set of vector instructions: shifts that leave
/// the flags alone come with them.
struct UnitRow<'a, 'b, 'c> {
    decoder: &'a mut Decoder<'b, 'c>,
    coefficients: &'a mut Coefficients,
    /// The row's place in the coefficients.
    place: usize,
}

impl pulp::NullaryFnOnce for UnitRow<'_, '_, '_> {
    type Output = Result<(), ImageError>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Decoder {
            codes,
            bits,
            walk,
            predictions,
            ..
        } = self.decoder;
        for unit in 0..walk.across {
            walk.restart(bits, || *predictions = Predictions::default())?;
            // A closure would be compiled without the instructions that are meant here.
            for block in 0..walk.blocks() {
                let Place { part, group, lane } = walk.block(block, unit, self.place);
                let group = &mut self.coefficients[part][group];
                let last = &mut predictions.means[part % 4];
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
    /// The rows of units that are wanted.
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
    /// How many rows of blocks a row of units has.
    rows_of_a_unit: usize,
}

impl<'a> Transformer<'a> {
    fn new(
        frame: &'a Frame,
        reader: &Reader,
        scan: &Scan,
        wanted: &Part,
        spare: &'a Spare,
    ) -> Result<Self, ImageError> {
        let parts = scan.parts.iter().map(|&(place, ..)| {
            let component = &frame.components[place];
            let table = reader.quantisation[component.quantisation].as_ref();
            let table = table.ok_or_else(|| corrupt("a quantisation table is missing"))?;
            Ok(PartOfScan {
                place,
                component,
                inverse: Inverse::new(table),
                columns: frame.groups_of(component, &wanted.columns),
                rows_of_a_unit: frame.rows_of_a_unit(component),
            })
        });
        Ok(Self {
            frame,
            spare,
            rows: frame.unit_rows_of(&wanted.rows),
            parts: parts.collect::<Result<_, ImageError>>()?,
        })
    }

    /// The samples of a batch, as far as they are wanted; zeros elsewhere.
    fn transform(&self, batch: Batch) -> Strip {
        let Batch {
            rows,
            mut coefficients,
        } = batch;
        let mut strip: Strip = self.frame.components.iter().map(|_| Vec::new()).collect();
        for (part, coefficients) in self.parts.iter().zip(&mut coefficients) {
            let (component, of_a_row) = (part.component, part.rows_of_a_unit);
            let length = of_a_row * component.points * component.stride;
            let plane = &mut strip[part.place];
            plane.resize(rows.len() * length, 0);
            let groups = coefficients.chunks_exact_mut(of_a_row * component.groups);
            let units = groups.zip(plane.chunks_exact_mut(length));
            for (row, (groups, samples)) in rows.clone().zip(units) {
                if self.rows.contains(&row) {
                    idct::transform(
                        &part.inverse,
                        component.points,
                        groups,
                        component.groups,
                        part.columns.clone(),
                        samples,
                    );
                } else {
                    groups.fill([0; _]);
                }
            }
        }
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.push(coefficients);
        strip
    }
}
