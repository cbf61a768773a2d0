//! Bicubic interpolation of position embeddings for pictures of another size.
//!
//! Written as a matrix over the table, so that its gradient is exact on every device. The kernel
//! and the sample places are those of PyTorch's `interpolate(mode="bicubic",
//! align_corners=False)`: Keys' cubic ([1981](https://doi.org/10.1109/TASSP.1981.1163711)) with
//! a = -0.75, and places beyond the edge repeat it.

/// Weights `[down · across, grid · grid]` that make a `down` by `across` table out of a square one.
pub(crate) fn bicubic(grid: usize, down: usize, across: usize) -> Vec<f32> {
    let (rows, columns) = (axis(grid, down), axis(grid, across));
    let mut weights = vec![0.0; down * across * grid * grid];
    for (target, weights) in weights.chunks_mut(grid * grid).enumerate() {
        let (row, column) = (&rows[target / across], &columns[target % across]);
        for &(y, down) in row {
            for &(x, right) in column {
                weights[y * grid + x] += (down * right) as f32;
            }
        }
    }
    weights
}

/// For each place along the new axis the four old places it is made of, and their weights.
fn axis(old: usize, new: usize) -> Vec<[(usize, f64); 4]> {
    let scale = old as f64 / new as f64;
    let places = (0..new).map(|index| (index as f64 + 0.5) * scale - 0.5);
    places
        .map(|place| {
            let first = place.floor();
            let fraction = place - first;
            let tap = |offset: f64| {
                let at = (first + offset).clamp(0.0, (old - 1) as f64);
                (at as usize, cubic(fraction - offset))
            };
            [tap(-1.0), tap(0.0), tap(1.0), tap(2.0)]
        })
        .collect()
}

fn cubic(distance: f64) -> f64 {
    const A: f64 = -0.75;
    let x = distance.abs();
    if x <= 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_size_changes_nothing() {
        let weights = bicubic(3, 3, 3);
        for (target, row) in weights.chunks(9).enumerate() {
            let want: Vec<f32> = (0..9).map(|at| f32::from(at == target)).collect();
            assert_eq!(row, want);
        }
    }

    #[test]
    fn values_are_those_of_pytorch() {
        // interpolate(arange(4.).reshape(1, 1, 2, 2), size=(1, 3), mode="bicubic")
        let table = [0.0, 1.0, 2.0, 3.0];
        let values: Vec<f32> = bicubic(2, 1, 3)
            .chunks(4)
            .map(|row| row.iter().zip(table).map(|(w, v)| w * v).sum())
            .collect();
        for (value, want) in values.iter().zip([0.913_194_4, 1.5, 2.086_805_6]) {
            assert!((value - want).abs() < 1e-6, "{values:?}");
        }
    }
}
