//! Finding rows whose pictures are the same, or nearly.

mod near;
mod sets;

use crate::scan::fingerprint::{Content, Fingerprint};
use crate::{InspectOptions, Progress, Stage};
use near::Search;
use sets::DisjointSets;

/// Rows in groups: of the same pixels, and of pictures that are nearly the same.
pub(crate) struct Copies {
    pub(crate) exact: Vec<Vec<u32>>,
    /// Groups of at least two different pictures, with their exact copies.
    pub(crate) near: Vec<Vec<u32>>,
    /// Whether every pair was looked at.
    pub(crate) is_complete: bool,
}

/// Compares all pictures.
pub(crate) fn copies(
    prints: &[(Fingerprint, Content)],
    options: &InspectOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Copies {
    let exact = exact(prints);
    let mut is_copy = vec![false; prints.len()];
    for row in exact.iter().flat_map(|group| &group[1..]) {
        is_copy[*row as usize] = true;
    }
    let candidates: Vec<(u32, Fingerprint)> = (0..)
        .zip(prints)
        .filter(|(row, (_, content))| *content == Content::Something && !is_copy[*row as usize])
        .map(|(row, (print, _))| (row, *print))
        .collect();
    let search = Search::new(candidates, options.max_distance, prints.len());
    let total = search.rounds();
    let told = |done| {
        progress(Progress {
            stage: Stage::Comparing,
            done,
            total,
        });
    };
    let found = search.run(options.threads(), &told);
    Copies {
        near: with_copies(found.sets, &exact, prints.len()),
        exact,
        is_complete: found.is_complete,
    }
}

/// Rows of the same pixels.
fn exact(prints: &[(Fingerprint, Content)]) -> Vec<Vec<u32>> {
    let readable = (0_u32..)
        .zip(prints)
        .filter(|(_, (_, content))| *content != Content::Bad);
    let mut rows: Vec<([u8; 16], u32)> = readable
        .map(|(row, (print, _))| (print.pixels, row))
        .collect();
    rows.sort_unstable();
    let groups = rows
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|group| group.len() > 1);
    let mut groups: Vec<Vec<u32>> = groups
        .map(|group| group.iter().map(|(_, row)| *row).collect())
        .collect();
    groups.sort_unstable();
    groups
}

/// The groups of different pictures, and with each picture its exact copies.
fn with_copies(near: DisjointSets, exact: &[Vec<u32>], rows: usize) -> Vec<Vec<u32>> {
    let mut all = DisjointSets::new(rows);
    for group in near.groups() {
        group.iter().for_each(|row| all.join(group[0], *row));
    }
    // Copies were not compared: each group of them is known by its first row.
    let mut has_near = vec![false; rows];
    for row in all.clone().groups().into_iter().flatten() {
        has_near[row as usize] = true;
    }
    for group in exact.iter().filter(|group| has_near[group[0] as usize]) {
        group.iter().for_each(|row| all.join(group[0], *row));
    }
    all.groups()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(pixels: u8, hash: u64, content: Content) -> (Fingerprint, Content) {
        let print = Fingerprint {
            pixels: [pixels; 16],
            hash,
            colours: [128; 12],
        };
        (print, content)
    }

    #[test]
    fn copies_are_grouped_and_flat_pictures_are_near_nothing() {
        use Content::{Bad, Flat, Plain, Something};
        let prints = [
            print(1, 0, Something),
            print(2, 0xFFFF, Something),
            print(1, 0, Something),
            print(3, 1, Something),
            print(4, 0, Flat),
            print(5, 0, Flat),
            print(4, 0, Flat),
            print(6, 0, Plain),
            print(0, 0, Bad),
            print(0, 0, Bad),
            print(2, 0xFFFF, Something),
        ];
        let found = copies(&prints, &InspectOptions::default(), &|_| ());
        assert_eq!(found.exact, [vec![0, 2], vec![1, 10], vec![4, 6]]);
        assert_eq!(found.near, [[0, 2, 3]]);
        assert!(found.is_complete);
    }
}
