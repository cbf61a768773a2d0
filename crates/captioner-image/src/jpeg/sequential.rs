//! Sequential files of one scan, which are nearly all: a row of units is decoded, transformed and
//! forgotten. On several threads, one decodes while the others transform what it has.

use super::bits::Bits;
use super::corrupt;
use super::frame::{Component, Frame, Group};
use super::idct::{self, Inverse};
use super::markers::{Reader, Scan};
use super::scan::{Predictions, Tables};
use super::walk::Walk;
use crate::ImageError;
use crate::pixels::{Part, Spread};
use rayon::Scope;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Reads the scan, and leaves the samples of the wanted part and whatever else came with them.
pub(crate) fn read(
    frame: &mut Frame,
    reader: &mut Reader,
    scan: &Scan,
    wanted: &Part,
    spread: Spread,
) -> Result<(), ImageError> {
    let mut planes: Vec<Vec<u8>> = frame
        .components
        .iter_mut()
        .map(|component| std::mem::take(&mut component.samples))
        .collect();
    let rows = UnitRows::new(frame, reader, scan, wanted)?;
    reader.place = match spread {
        Spread::Alone => rows.read(&mut planes, None),
        Spread::Pool => rayon::scope(|scope| rows.read(&mut planes, Some(scope))),
    }?;
    for (component, samples) in frame.components.iter_mut().zip(planes) {
        component.samples = samples;
    }
    Ok(())
}

/// What all rows of units have in common.
struct UnitRows<'a> {
    frame: &'a Frame,
    bytes: &'a [u8],
    place: usize,
    interval: usize,
    scan: &'a Scan,
    tables: Tables,
    /// In the order of the scan, as all below.
    inverses: Vec<Inverse>,
    /// The groups that are wanted of each row of blocks.
    columns: Vec<Range<usize>>,
    /// The rows of units that are wanted.
    rows: Range<usize>,
    /// Room for a row of units, all zeros.
    spare: Mutex<Vec<Coefficients>>,
}

/// For each part of the scan, the coefficients of a row of units.
type Coefficients = Vec<Vec<Group>>;

impl<'a> UnitRows<'a> {
    fn new(
        frame: &'a Frame,
        reader: &Reader<'a>,
        scan: &'a Scan,
        wanted: &Part,
    ) -> Result<Self, ImageError> {
        let components = || scan.parts.iter().map(|part| &frame.components[part.0]);
        let inverse = |component: &Component| {
            let table = reader.quantisation[component.quantisation].as_ref();
            let table = table.ok_or_else(|| corrupt("a quantisation table is missing"))?;
            Ok(Inverse::new(table))
        };
        Ok(Self {
            frame,
            bytes: reader.bytes,
            place: reader.place,
            interval: reader.restart_interval,
            scan,
            tables: Tables::new(reader, scan)?,
            inverses: components()
                .map(inverse)
                .collect::<Result<_, ImageError>>()?,
            columns: components()
                .map(|component| frame.groups_of(component, &wanted.columns))
                .collect(),
            rows: frame.unit_rows_of(&wanted.rows),
            spare: Mutex::default(),
        })
    }

    /// Decodes all rows, and transforms the wanted ones into `planes`, in tasks of the scope if there
    /// is one. Returns where the next marker is.
    fn read<'s>(
        &'s self,
        planes: &'s mut [Vec<u8>],
        scope: Option<&Scope<'s>>,
    ) -> Result<usize, ImageError> {
        let mut bits = Bits::new(self.bytes, self.place);
        let mut walk = Walk::new(self.frame, self.scan, self.interval);
        let mut predictions = Predictions::default();
        let mut planes: Vec<_> = planes
            .iter_mut()
            .map(|plane| plane.as_mut_slice())
            .collect();
        for row in 0..walk.down {
            let mut coefficients = self.zeros();
            pulp::Arch::new().dispatch(UnitRow {
                tables: &self.tables,
                walk: &mut walk,
                bits: &mut bits,
                predictions: &mut predictions,
                coefficients: &mut coefficients,
            })?;
            let samples = self.split_rows(&mut planes);
            match scope {
                Some(scope) => scope.spawn(move |_| self.transform(row, coefficients, samples)),
                None => self.transform(row, coefficients, samples),
            }
        }
        Ok(bits.marker())
    }

    /// Room for a row of units.
    fn zeros(&self) -> Coefficients {
        let spare = self
            .spare
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        spare.unwrap_or_else(|| {
            let parts = self.scan.parts.iter();
            parts
                .map(|part| {
                    let component = &self.frame.components[part.0];
                    vec![[0; _]; component.groups * self.frame.rows_of_a_unit(component)]
                })
                .collect()
        })
    }

    /// Of each part of the scan, the samples of the next row of units.
    fn split_rows<'s>(&self, planes: &mut [&'s mut [u8]]) -> Vec<&'s mut [u8]> {
        let parts = self.scan.parts.iter();
        parts
            .map(|part| {
                let component = &self.frame.components[part.0];
                let rows = self.frame.rows_of_a_unit(component) * component.points;
                let plane = &mut planes[part.0];
                plane
                    .split_off_mut(..rows * component.stride)
                    .unwrap_or_default()
            })
            .collect()
    }

    /// Transforms what is wanted of a row of units.
    fn transform(&self, row: usize, mut coefficients: Coefficients, samples: Vec<&mut [u8]>) {
        let wanted = self.rows.contains(&row);
        for (part, (coefficients, samples)) in coefficients.iter_mut().zip(samples).enumerate() {
            let component = &self.frame.components[self.scan.parts[part].0];
            let columns = self.columns[part].clone();
            if wanted {
                idct::transform(
                    &self.inverses[part],
                    component.points,
                    coefficients,
                    component.groups,
                    columns,
                    samples,
                );
            } else {
                for row in coefficients.chunks_exact_mut(component.groups) {
                    row[columns.clone()].fill([0; _]);
                }
            }
        }
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.push(coefficients);
    }
}

/// The decoding of one row of units, compiled for each set of vector instructions: they come with
/// shifts that don't touch flags.
struct UnitRow<'a, 'b> {
    tables: &'a Tables,
    walk: &'a mut Walk,
    bits: &'a mut Bits<'b>,
    predictions: &'a mut Predictions,
    coefficients: &'a mut Coefficients,
}

impl pulp::NullaryFnOnce for UnitRow<'_, '_> {
    type Output = Result<(), ImageError>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let mut bits = *self.bits;
        let mut predictions = *self.predictions;
        for unit in 0..self.walk.across {
            self.walk
                .restart(&mut bits, || predictions = Predictions::default())?;
            self.walk.each_block(unit, 0, |part, place, block| {
                let group = &mut self.coefficients[part][place];
                self.tables
                    .sequential_block(part, &mut bits, &mut predictions, group, block)
            })?;
            bits.check()?;
        }
        (*self.bits, *self.predictions) = (bits, predictions);
        Ok(())
    }
}
