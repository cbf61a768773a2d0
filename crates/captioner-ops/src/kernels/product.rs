//! Matrix products over slices: the one place that calls unchecked code.
#![allow(
    unsafe_code,
    reason = "the product library takes raw pointers; every reach is checked before the call"
)]

use gemm::{Parallelism, gemm};

/// A matrix inside a slice that is read: any strides, also swapped or zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// # Panics
    /// When an entry would lie outside of `values`.
    pub(crate) fn new(
        values: &'a [f32],
        [rows, columns]: [usize; 2],
        [row_stride, column_stride]: [usize; 2],
    ) -> Self {
        if rows > 0 && columns > 0 {
            let reach = last((rows - 1, row_stride), (columns - 1, column_stride));
            assert!(reach < values.len(), "a matrix reaches out of its slice");
        }
        Self {
            values,
            rows,
            columns,
            row_stride,
            column_stride,
        }
    }

    /// Rows of `columns` values, one after the other.
    pub(crate) fn dense(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::new(values, [rows, columns], [columns, 1])
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// `count` rows from `start` on.
    pub(crate) fn rows_from(self, start: usize, count: usize) -> Self {
        let offset = (start * self.row_stride).min(self.values.len());
        let strides = [self.row_stride, self.column_stride];
        Self::new(&self.values[offset..], [count, self.columns], strides)
    }

    /// `count` columns from `start` on.
    pub(crate) fn columns_from(self, start: usize, count: usize) -> Self {
        self.transposed().rows_from(start, count).transposed()
    }
}

/// A matrix inside a slice that is written: its rows are runs, `row_stride` apart.
#[derive(Debug)]
pub(crate) struct MatrixMut<'a> {
    values: &'a mut [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
}

impl<'a> MatrixMut<'a> {
    /// # Panics
    /// When an entry would lie outside of `values`, or rows would overlap.
    pub(crate) fn new(
        values: &'a mut [f32],
        [rows, columns]: [usize; 2],
        row_stride: usize,
    ) -> Self {
        assert!(columns <= row_stride, "rows of a written matrix overlap");
        if rows > 0 && columns > 0 {
            let reach = last((rows - 1, row_stride), (columns - 1, 1));
            assert!(reach < values.len(), "a matrix reaches out of its slice");
        }
        Self {
            values,
            rows,
            columns,
            row_stride,
        }
    }

    /// Rows of `columns` values, one after the other.
    pub(crate) fn dense(values: &'a mut [f32], rows: usize, columns: usize) -> Self {
        Self::new(values, [rows, columns], columns)
    }
}

fn last(row: (usize, usize), column: (usize, usize)) -> usize {
    let reach = |(index, stride): (usize, usize)| index.checked_mul(stride);
    reach(row)
        .zip(reach(column))
        .and_then(|(a, b)| a.checked_add(b))
        .expect("a matrix is larger than memory")
}

/// What becomes of the values that were there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onto {
    /// They are replaced.
    Nothing,
    /// The product is added to them.
    Sum,
}

/// `scale · a · b`, on this thread.
///
/// # Panics
/// When the shapes don't fit each other.
pub(crate) fn product(out: MatrixMut<'_>, onto: Onto, scale: f32, a: Matrix<'_>, b: Matrix<'_>) {
    multiply(out, onto, scale, a, b, Parallelism::None);
}

/// `a · b` added to `out`, by all threads where it is large.
///
/// # Panics
/// When the shapes don't fit each other.
pub(crate) fn add_product(out: MatrixMut<'_>, a: Matrix<'_>, b: Matrix<'_>) {
    let threads = threads(&a, &b);
    multiply(out, Onto::Sum, 1.0, a, b, threads);
}

/// `a · b` in rows one after the other, by all threads where it is large.
///
/// # Panics
/// When the shapes don't fit each other.
pub(crate) fn new_product(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    assert_eq!(a.columns, b.rows, "shapes of a product");
    let size = a.rows.checked_mul(b.columns);
    let size = size.expect("a product is larger than memory");
    let mut out = Vec::with_capacity(size);
    let threads = threads(&a, &b);
    // SAFETY: `out` has capacity for `size` values, which are those of a dense matrix of `a.rows` by
    // `b.columns`; nothing else points there.
    unsafe {
        let strides = [b.columns, 1];
        multiply_at(out.as_mut_ptr(), strides, Onto::Nothing, 1.0, a, b, threads);
        // Every value was written: `Onto::Nothing` reads none and writes all, also for no columns
        // of `a`, where it writes zeros.
        out.set_len(size);
    }
    out
}

/// From so many multiplications on a second thread pays.
const SHARED: usize = 192 * 192 * 192;

fn threads(a: &Matrix<'_>, b: &Matrix<'_>) -> Parallelism {
    let work = a.rows.saturating_mul(a.columns).saturating_mul(b.columns);
    match work < SHARED {
        true => Parallelism::None,
        // As many as the pool has.
        false => Parallelism::Rayon(0),
    }
}

fn multiply(
    out: MatrixMut<'_>,
    onto: Onto,
    scale: f32,
    a: Matrix<'_>,
    b: Matrix<'_>,
    threads: Parallelism,
) {
    assert_eq!(
        (a.rows, a.columns, b.columns),
        (out.rows, b.rows, out.columns),
        "shapes of a product"
    );
    let strides = [out.row_stride, 1];
    // SAFETY: `MatrixMut` holds a slice, which is valid while borrowed, and its constructor checked
    // that every (row, column) below its counts lies inside; those are the product's. It is
    // borrowed mutably, so it overlaps neither `a` nor `b`, and its rows do not overlap each other.
    unsafe { multiply_at(out.values.as_mut_ptr(), strides, onto, scale, a, b, threads) }
}

/// # Safety
/// `out` is valid for writes at every row of `a` and column of `b`, times the strides, no two of
/// which are one place, and at none of them do `a` or `b` lie. With [`Onto::Sum`] the values there
/// are initialised.
unsafe fn multiply_at(
    out: *mut f32,
    [row_stride, column_stride]: [usize; 2],
    onto: Onto,
    scale: f32,
    a: Matrix<'_>,
    b: Matrix<'_>,
    threads: Parallelism,
) {
    debug_assert_eq!(a.columns, b.rows);
    if a.rows == 0 || b.columns == 0 {
        return;
    }
    // SAFETY: the caller answers for `out`. `Matrix` holds a slice, which is valid while borrowed,
    // and its constructor checked that every (row, column) below its counts lies inside; strides
    // are below isize::MAX because a slice of f32 is.
    unsafe {
        gemm(
            a.rows,
            b.columns,
            a.columns,
            out,
            column_stride as isize,
            row_stride as isize,
            onto == Onto::Sum,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            scale,
            false,
            false,
            false,
            threads,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, by checked indexing.
    fn reference(out: MatrixMut<'_>, onto: Onto, scale: f32, a: Matrix<'_>, b: Matrix<'_>) {
        let at =
            |m: Matrix<'_>, i: usize, j: usize| m.values[i * m.row_stride + j * m.column_stride];
        for i in 0..out.rows {
            for j in 0..out.columns {
                let sum: f32 = (0..a.columns).map(|k| at(a, i, k) * at(b, k, j)).sum();
                let place = &mut out.values[i * out.row_stride + j];
                *place = scale * sum + if onto == Onto::Sum { *place } else { 0.0 };
            }
        }
    }

    fn numbers(count: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 37 + 11) % 19) as f32 / 9.0 - 1.0)
            .collect()
    }

    #[test]
    fn products_are_those_of_the_definition_at_all_strides() {
        let values = numbers(20_000);
        for [m, n, k] in [
            [1, 1, 1],
            [3, 5, 7],
            [1, 65, 32],
            [65, 1, 32],
            [33, 66, 17],
            [4, 4, 0],
        ] {
            for onto in [Onto::Nothing, Onto::Sum] {
                let a = [
                    Matrix::new(&values, [m, k], [k + 3, 1]),
                    Matrix::new(&values, [k, m], [m, 1]).transposed(),
                    Matrix::new(&values, [m, k], [0, 2]),
                    Matrix::new(&values, [m + 2, k], [k, 1]).rows_from(2, m),
                ];
                let b = [
                    Matrix::dense(&values, k, n),
                    Matrix::new(&values, [n, k], [k + 1, 1]).transposed(),
                    Matrix::new(&values, [k, n + 3], [n + 3, 1]).columns_from(3, n),
                ];
                for (a, b) in a.into_iter().flat_map(|a| b.map(|b| (a, b))) {
                    let mut got = numbers(m * (n + 2));
                    let mut want = got.clone();
                    product(MatrixMut::new(&mut got, [m, n], n + 2), onto, 0.5, a, b);
                    reference(MatrixMut::new(&mut want, [m, n], n + 2), onto, 0.5, a, b);
                    for (g, w) in got.iter().zip(&want) {
                        // Sums of up to 32 products of order 1, in another order.
                        assert!((g - w).abs() < 1e-5, "{m} {n} {k}: {g} is not {w}");
                    }
                }
            }
        }
    }

    #[test]
    fn new_and_added_products_are_those_of_the_definition_shared_or_not() {
        let values = numbers(220 * 220 * 2);
        for [m, n, k] in [
            [0, 3, 2],
            [2, 3, 0],
            [1, 300, 200],
            [40, 50, 60],
            [210, 200, 190],
        ] {
            let a = Matrix::new(&values, [k, m], [m, 1]).transposed();
            let b = Matrix::dense(&values, k, n);
            let mut want = vec![0.0; m * n];
            reference(MatrixMut::dense(&mut want, m, n), Onto::Nothing, 1.0, a, b);
            let got = new_product(a, b);
            let mut sum = vec![0.5; m * n];
            add_product(MatrixMut::dense(&mut sum, m, n), a, b);
            assert_eq!((got.len(), sum.len()), (m * n, m * n));
            for ((g, s), w) in got.iter().zip(&sum).zip(&want) {
                // Sums of up to 200 products of order 1, in another order.
                assert!((g - w).abs() < 1e-4, "{m} {n} {k}: {g} is not {w}");
                assert!(
                    (s - 0.5 - w).abs() < 1e-4,
                    "{m} {n} {k}: {s} is not 0.5 + {w}"
                );
            }
        }
    }

    #[test]
    #[should_panic(expected = "out of its slice")]
    fn a_matrix_that_reaches_out_of_its_slice_is_refused() {
        Matrix::new(&[0.0; 9], [3, 4], [3, 1]);
    }

    #[test]
    #[should_panic(expected = "out of its slice")]
    fn a_row_past_the_end_is_refused() {
        Matrix::dense(&[0.0; 12], 3, 4).rows_from(2, 2);
    }

    #[test]
    #[should_panic(expected = "shapes of a product")]
    fn shapes_that_do_not_fit_are_refused() {
        let values = [0.0; 12];
        let mut out = [0.0; 9];
        let out = MatrixMut::dense(&mut out, 3, 3);
        product(
            out,
            Onto::Nothing,
            1.0,
            Matrix::dense(&values, 3, 4),
            Matrix::dense(&values, 3, 3),
        );
    }
}
