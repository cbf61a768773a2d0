//! The loop that all decoding strategies share.
//!
//! A [`Search`] extends the sequence, or the beams, of one prompt; it occupies some rows of the
//! decoder. Searches of one picture are beside each other, so that they share its prefix.

use super::rows::DecoderRows;
use super::sequence::Generated;
use crate::error::ModelError;
use crate::model::CaptionModel;

/// What continues one prompt.
pub(super) trait Search {
    /// Rows of the decoder that it occupies.
    fn width(&self) -> usize;

    /// Chooses the next tokens from the logits of its rows, `[width, vocab]`, which it may overwrite.
    fn advance(&mut self, scores: &mut [f32]) -> Result<(), ModelError>;

    fn is_finished(&self) -> bool;

    /// The newest token of each row.
    fn row_tokens(&self) -> Vec<u32>;

    /// The row, before the newest tokens were chosen, that each row continues.
    fn row_origins(&self) -> &[usize];

    /// The token that the last step added, where there is exactly one.
    fn newest(&self) -> Option<u32>;

    fn into_results(self) -> Vec<Generated>;
}

/// Which search is in which slot: the same number of slots for each picture that is left.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SlotPlan {
    /// The searches of each picture, in the order of the prefix.
    pictures: Vec<Vec<usize>>,
}

impl SlotPlan {
    /// Slots for `per_picture` searches of each picture.
    fn new(searches: usize, per_picture: usize) -> Self {
        let all: Vec<usize> = (0..searches).collect();
        Self {
            pictures: all.chunks(per_picture).map(<[_]>::to_vec).collect(),
        }
    }

    /// The searches, slot by slot.
    fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        self.pictures.iter().flatten().copied()
    }

    /// The plan without finished searches, and the old places of the pictures that stay. A
    /// picture with fewer searches left than another has its last one in several slots.
    fn without(&self, is_finished: impl Fn(usize) -> bool) -> (Self, Vec<usize>) {
        let mut kept = Vec::new();
        let mut pictures = Vec::new();
        for (place, slots) in self.pictures.iter().enumerate() {
            let mut live = slots.clone();
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

/// Runs searches to their ends, `per_picture` of them for each picture of the rows' prefix.
/// `scores` are the logits that the first tokens are chosen from, for every search's first row;
/// `on_advance` is told of each step of each search.
pub(super) fn run<M: CaptionModel, S: Search>(
    mut rows: DecoderRows<'_, M>,
    mut searches: Vec<S>,
    per_picture: usize,
    mut scores: Vec<f32>,
    on_advance: &mut dyn FnMut(usize, &S),
) -> Result<Vec<Generated>, ModelError> {
    let mut plan = SlotPlan::new(searches.len(), per_picture);
    loop {
        advance(&mut searches, &plan, &mut scores, on_advance)?;
        let (next, pictures) = plan.without(|search| searches[search].is_finished());
        if next.pictures.is_empty() {
            return Ok(searches.into_iter().flat_map(S::into_results).collect());
        }
        let origins = origins(&searches, &plan, &next);
        let stays = pictures.len() == plan.pictures.len();
        rows.rearrange(&origins, (!stays).then_some(pictures.as_slice()));
        plan = next;
        let tokens: Vec<u32> = plan
            .slots()
            .flat_map(|search| searches[search].row_tokens())
            .collect();
        scores = rows.extend(&tokens)?;
    }
}

/// One step of every search that is somewhere.
fn advance<S: Search>(
    searches: &mut [S],
    plan: &SlotPlan,
    scores: &mut [f32],
    on_advance: &mut dyn FnMut(usize, &S),
) -> Result<(), ModelError> {
    let slots: Vec<usize> = plan.slots().collect();
    let size = scores.len() / slots.len().max(1);
    let mut former = None;
    for (&slot, scores) in slots.iter().zip(scores.chunks_mut(size)) {
        // A search that fills several slots moves on once.
        if former.replace(slot) != Some(slot) {
            searches[slot].advance(scores)?;
            on_advance(slot, &searches[slot]);
        }
    }
    Ok(())
}

/// For every row of the new plan the row of the old one that it continues.
fn origins<S: Search>(searches: &[S], old: &SlotPlan, new: &SlotPlan) -> Vec<usize> {
    let mut first = vec![0; searches.len()];
    let mut row = 0;
    for search in old.slots() {
        first[search] = row;
        row += searches[search].width();
    }
    let from = |search: usize| {
        let origins = searches[search].row_origins().iter();
        let first = first[search];
        origins.map(move |origin| first + origin)
    };
    new.slots().flat_map(from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_leave_when_all_their_searches_have_finished() {
        let plan = SlotPlan::new(6, 2);
        let (left, kept) = plan.without(|search| search < 2);
        assert_eq!(left.pictures, [[2, 3], [4, 5]]);
        assert_eq!(kept, [1, 2]);
    }

    #[test]
    fn slots_are_given_up_when_no_picture_needs_them() {
        let plan = SlotPlan::new(4, 2);
        let (left, _) = plan.without(|search| search == 0);
        assert_eq!(left.pictures, [[1, 1], [2, 3]]);
        let (left, kept) = left.without(|search| search != 1 && search != 2);
        assert_eq!(left.pictures, [[1], [2]]);
        assert_eq!(kept, [0, 1]);
        assert!(left.without(|_| true).0.pictures.is_empty());
    }
}
