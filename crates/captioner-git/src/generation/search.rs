//! The loop that all ways of writing share.
//!
//! A [`Search`] writes the text, or follows the texts, of one prompt; it occupies some lanes of
//! the decoder. Searches of one picture sit beside each other, so that they share its prefix.

use super::lanes::Lanes;
use super::text::Generated;
use crate::GitError;

/// What goes on from one prompt.
pub(super) trait Search {
    /// Lanes of the decoder that it occupies.
    fn width(&self) -> usize;

    /// Chooses the next tokens from the logits of its lanes, `[width, vocab]`, which it may spoil.
    fn advance(&mut self, scores: &mut [f32]) -> Result<(), GitError>;

    fn is_finished(&self) -> bool;

    /// The newest token of each lane.
    fn lane_tokens(&self) -> Vec<u32>;

    /// The lane, before the newest tokens were chosen, that each lane goes on from.
    fn lane_origins(&self) -> &[usize];

    /// The token that the last step added, where there is exactly one.
    fn newest(&self) -> Option<u32>;

    fn into_results(self) -> Vec<Generated>;
}

/// Which search sits where: the same number of seats for each picture that is still here.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seating {
    /// Number of the picture, among those the prefix has now.
    pictures: Vec<Vec<usize>>,
}

impl Seating {
    /// Seats for `per_picture` searches of each picture.
    fn new(searches: usize, per_picture: usize) -> Self {
        let all: Vec<usize> = (0..searches).collect();
        Self {
            pictures: all.chunks(per_picture).map(<[_]>::to_vec).collect(),
        }
    }

    /// The searches, seat by seat.
    fn seats(&self) -> impl Iterator<Item = usize> + '_ {
        self.pictures.iter().flatten().copied()
    }

    /// The seating without finished searches, and the old places of the pictures that stay. A
    /// picture with fewer searches left than another seats its last one several times.
    fn without(&self, is_finished: impl Fn(usize) -> bool) -> (Self, Vec<usize>) {
        let mut kept = Vec::new();
        let mut pictures = Vec::new();
        for (place, seats) in self.pictures.iter().enumerate() {
            let mut live = seats.clone();
            live.dedup();
            live.retain(|search| !is_finished(*search));
            if !live.is_empty() {
                kept.push(place);
                pictures.push(live);
            }
        }
        let most = pictures.iter().map(Vec::len).max().unwrap_or(0);
        for live in &mut pictures {
            let last = live[live.len() - 1];
            live.resize(most, last);
        }
        (Self { pictures }, kept)
    }
}

/// Runs searches to their ends, `per_picture` of them for each picture of the lanes' prefix.
/// `scores` are the logits that the first tokens are chosen from, for every search's first lane;
/// `on_advance` is told of each step of each search.
pub(super) fn run<S: Search>(
    mut lanes: Lanes,
    mut searches: Vec<S>,
    per_picture: usize,
    mut scores: Vec<f32>,
    on_advance: &mut dyn FnMut(usize, &S),
) -> Result<Vec<Generated>, GitError> {
    let mut seating = Seating::new(searches.len(), per_picture);
    loop {
        advance(&mut searches, &seating, &mut scores, on_advance)?;
        let (next, pictures) = seating.without(|search| searches[search].is_finished());
        if next.pictures.is_empty() {
            return Ok(searches.into_iter().flat_map(S::into_results).collect());
        }
        let origins = origins(&searches, &seating, &next);
        let stays = pictures.len() == seating.pictures.len();
        lanes.rearrange(&origins, (!stays).then_some(&pictures));
        seating = next;
        let tokens: Vec<u32> = seating
            .seats()
            .flat_map(|search| searches[search].lane_tokens())
            .collect();
        scores = lanes.extend(&tokens)?;
    }
}

/// One step of every search that sits somewhere.
fn advance<S: Search>(
    searches: &mut [S],
    seating: &Seating,
    scores: &mut [f32],
    on_advance: &mut dyn FnMut(usize, &S),
) -> Result<(), GitError> {
    let seats: Vec<usize> = seating.seats().collect();
    let size = scores.len() / seats.len().max(1);
    let mut former = None;
    for (&seat, scores) in seats.iter().zip(scores.chunks_mut(size)) {
        // A search that fills several seats moves on once.
        if former.replace(seat) != Some(seat) {
            searches[seat].advance(scores)?;
            on_advance(seat, &searches[seat]);
        }
    }
    Ok(())
}

/// For every lane of the new seating the lane of the old one that it goes on from.
fn origins<S: Search>(searches: &[S], old: &Seating, new: &Seating) -> Vec<usize> {
    let mut first = vec![0; searches.len()];
    let mut lane = 0;
    for search in old.seats() {
        first[search] = lane;
        lane += searches[search].width();
    }
    let from = |search: usize| {
        let origins = searches[search].lane_origins().iter();
        let first = first[search];
        origins.map(move |origin| first + origin)
    };
    new.seats().flat_map(from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_leave_when_all_their_searches_have_finished() {
        let seating = Seating::new(6, 2);
        let (left, kept) = seating.without(|search| search < 2);
        assert_eq!(left.pictures, [[2, 3], [4, 5]]);
        assert_eq!(kept, [1, 2]);
    }

    #[test]
    fn seats_are_given_up_when_no_picture_needs_them() {
        let seating = Seating::new(4, 2);
        let (left, _) = seating.without(|search| search == 0);
        assert_eq!(left.pictures, [[1, 1], [2, 3]]);
        let (left, kept) = left.without(|search| search != 1 && search != 2);
        assert_eq!(left.pictures, [[1], [2]]);
        assert_eq!(kept, [0, 1]);
        assert!(left.without(|_| true).0.pictures.is_empty());
    }
}
