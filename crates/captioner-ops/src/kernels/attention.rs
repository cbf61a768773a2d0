//! Attention by heads: the scores of some rows at a time stay in the second cache.

use rayon::prelude::*;

use super::function::ExpFrom;
use super::product::{Matrix, MatrixMut, Onto, product};
use super::reduce::{Itself, Times, max, sum, sum_zip};
use super::vector::{Function, Work, vectorised};

/// Scores that are made at a time: half a MiB of them.
const SCORES: usize = 128 * 1024;

/// From so many multiplications on a second thread pays.
const PARALLEL: usize = 256 * 1024;

/// A `[batch, heads, rows, width]` tensor wherever it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heads<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) shape: [usize; 4],
    pub(crate) strides: [usize; 4],
}

impl<'a> Heads<'a> {
    fn of(&self, batch: usize, head: usize) -> Matrix<'a> {
        let offset = batch * self.strides[0] + head * self.strides[1];
        let [.., rows, width] = self.shape;
        let [.., row_stride, column_stride] = self.strides;
        let values = &self.values[offset.min(self.values.len())..];
        Matrix::new(values, [rows, width], [row_stride, column_stride])
    }
}

/// Key and value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) key: Heads<'a>,
    pub(crate) value: Heads<'a>,
}

/// What attention reads. `mask` is `[captions or 1, rows, text_rows]`, not 0 where a row may not
/// look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inputs<'a> {
    pub(crate) query: Heads<'a>,
    pub(crate) image: Pair<'a>,
    pub(crate) text: Option<Pair<'a>>,
    pub(crate) mask: Option<&'a [u8]>,
    pub(crate) masked: f32,
    pub(crate) factor: f32,
}

impl<'a> Inputs<'a> {
    fn image_rows(&self) -> usize {
        self.image.key.shape[2]
    }

    fn text_rows(&self) -> usize {
        self.text.map_or(0, |text| text.key.shape[2])
    }

    fn captions_each(&self) -> usize {
        self.query.shape[0] / self.image.key.shape[0].max(1)
    }

    fn threads_pay(&self) -> bool {
        let size: usize = self.query.shape.iter().product();
        size * (self.image_rows() + self.text_rows()) >= PARALLEL
    }

    /// What one head of one caption reads.
    fn head(&self, caption: usize, head: usize) -> Head<'a> {
        let picture = caption / self.captions_each();
        let pair = |pair: Pair<'a>, batch| (pair.key.of(batch, head), pair.value.of(batch, head));
        let size = self.query.shape[2] * self.text_rows();
        let mask = self.mask.map(|mask| {
            let start = if mask.len() == size {
                0
            } else {
                caption * size
            };
            &mask[start..start + size]
        });
        Head {
            query: self.query.of(caption, head),
            image: pair(self.image, picture),
            text: self.text.map(|text| pair(text, caption)),
            mask,
            masked: self.masked,
            factor: self.factor,
        }
    }
}

/// One head of one caption: matrices of rows and head width.
#[derive(Clone, Copy)]
struct Head<'a> {
    query: Matrix<'a>,
    image: (Matrix<'a>, Matrix<'a>),
    text: Option<(Matrix<'a>, Matrix<'a>)>,
    mask: Option<&'a [u8]>,
    masked: f32,
    factor: f32,
}

impl<'a> Head<'a> {
    /// Image and text rows, with the column where their scores begin.
    fn parts(&self) -> impl Iterator<Item = (usize, (Matrix<'a>, Matrix<'a>))> {
        let image_rows = self.image.0.rows();
        let text = self.text.map(|text| (image_rows, text));
        std::iter::once((0, self.image)).chain(text)
    }

    fn width(&self) -> usize {
        self.image.0.rows() + self.text.map_or(0, |text| text.0.rows())
    }

    /// `scores` becomes `factor · query · keyᵀ` of rows from `start` on.
    fn score(&self, scores: &mut [f32], start: usize, count: usize) {
        let query = self.query.rows_from(start, count);
        self.against(scores, query, self.factor, |pair| pair.0);
        self.hide(scores, start, count, self.masked);
    }

    /// `out` becomes `factor · x · keyᵀ`, or that of the values.
    fn against(
        &self,
        out: &mut [f32],
        x: Matrix<'_>,
        factor: f32,
        which: impl Fn((Matrix<'a>, Matrix<'a>)) -> Matrix<'a>,
    ) {
        let width = self.width();
        for (place, pair) in self.parts() {
            let key = which(pair);
            let shape = [x.rows(), key.rows()];
            let out = MatrixMut::new(&mut out[place..], shape, width);
            product(out, Onto::Nothing, factor, x, key.transposed());
        }
    }

    /// `out` becomes the sum of keys or values with `weights`.
    fn over(
        &self,
        out: &mut [f32],
        weights: Matrix<'_>,
        which: impl Fn((Matrix<'a>, Matrix<'a>)) -> Matrix<'a>,
    ) {
        for (place, pair) in self.parts() {
            let key = which(pair);
            let weights_here = weights.columns_from(place, key.rows());
            let onto = if place == 0 { Onto::Nothing } else { Onto::Sum };
            let out = MatrixMut::dense(out, weights.rows(), key.columns());
            product(out, onto, 1.0, weights_here, key);
        }
    }

    /// Sets what rows from `start` on may not see to `value`.
    fn hide(&self, scores: &mut [f32], start: usize, count: usize, value: f32) {
        let Some(mask) = self.mask else { return };
        let (width, image_rows) = (self.width(), self.image.0.rows());
        let text_rows = width - image_rows;
        if text_rows == 0 {
            return;
        }
        let mask = &mask[start * text_rows..(start + count) * text_rows];
        for (row, mask) in scores.chunks_mut(width).zip(mask.chunks(text_rows)) {
            for (score, hidden) in row[image_rows..].iter_mut().zip(mask) {
                *score = if *hidden != 0 { value } else { *score };
            }
        }
    }

    fn rows_at_once(&self) -> usize {
        (SCORES / self.width().max(1)).clamp(16, 256)
    }
}

/// The rows of one head: where a result goes.
type Rows<'a> = Vec<&'a mut [f32]>;

/// Cuts a `[batch, rows, heads, width]` buffer into the rows of each head, heads fastest.
fn by_head(values: &mut [f32], [_, heads, rows, width]: [usize; 4]) -> Vec<Rows<'_>> {
    let mut all = Vec::new();
    if values.is_empty() {
        return all;
    }
    for picture in values.chunks_mut(rows * heads * width) {
        let mut of_heads: Vec<Rows<'_>> = (0..heads).map(|_| Vec::with_capacity(rows)).collect();
        for (i, row) in picture.chunks_mut(width).enumerate() {
            of_heads[i % heads].push(row);
        }
        all.append(&mut of_heads);
    }
    all
}

fn copy_rows(rows: &mut [&mut [f32]], values: &[f32], factor: impl Fn(usize) -> f32) {
    for (i, row) in rows.iter_mut().enumerate() {
        let source = &values[i * row.len()..(i + 1) * row.len()];
        let factor = factor(i);
        for (to, from) in row.iter_mut().zip(source) {
            *to = from * factor;
        }
    }
}

/// Runs every task, on more threads where that pays; each thread keeps a scratch.
fn run<T: Send>(tasks: Vec<T>, parallel: bool, run: impl Fn(&mut Scratch, T) + Send + Sync) {
    if parallel && tasks.len() > 1 {
        tasks.into_par_iter().for_each_init(Scratch::default, run);
    } else {
        let mut scratch = Scratch::default();
        tasks.into_iter().for_each(|task| run(&mut scratch, task));
    }
}

/// Buffers that are reused from head to head.
#[derive(Default)]
struct Scratch {
    scores: Vec<f32>,
    of_scores: Vec<f32>,
    rows: Vec<f32>,
    sums: [Vec<f32>; 4],
}

/// The first `length` values of a buffer that grows where it must; what they are is left open.
fn resized(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

/// The first `length` values, all 0.
fn cleared(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    let buffer = resized(buffer, length);
    buffer.fill(0.0);
    buffer
}

/// The result as `[captions, rows, heads, width]`, and each row's largest score and reciprocal sum,
/// `[captions, heads, rows, 2]`.
pub(crate) fn forward(inputs: &Inputs<'_>) -> (Vec<f32>, Vec<f32>) {
    let shape = inputs.query.shape;
    let [captions, heads, rows, width] = shape;
    let mut out = vec![0.0; captions * heads * rows * width];
    let mut statistics = vec![0.0; captions * heads * rows * 2];
    let tasks: Vec<_> = by_head(&mut out, shape)
        .into_iter()
        .zip(statistics.chunks_mut((2 * rows).max(1)))
        .enumerate()
        .collect();
    run(
        tasks,
        inputs.threads_pay(),
        |scratch, (task, (mut out, statistics))| {
            let head = inputs.head(task / heads, task % heads);
            let step = head.rows_at_once();
            let blocks = out.chunks_mut(step).zip(statistics.chunks_mut(2 * step));
            for (block, (out, statistics)) in blocks.enumerate() {
                head_forward(scratch, head, block * step, out, statistics);
            }
        },
    );
    (out, statistics)
}

fn head_forward(
    scratch: &mut Scratch,
    head: Head<'_>,
    start: usize,
    out: &mut [&mut [f32]],
    statistics: &mut [f32],
) {
    let (count, width) = (out.len(), head.width());
    let scores = resized(&mut scratch.scores, count * width);
    head.score(scores, start, count);
    vectorised(Softmax {
        scores,
        width,
        statistics,
    });
    let result = resized(&mut scratch.rows, count * head.query.columns());
    head.over(result, Matrix::dense(scores, count, width), |pair| pair.1);
    copy_rows(out, result, |i| statistics[2 * i + 1]);
}

/// Where the gradients of one head of one picture go.
struct Task<'a> {
    /// Of image keys and values.
    image: [Rows<'a>; 2],
    captions: Vec<CaptionTask<'a>>,
}

/// Of one caption's queries, text keys and text values.
struct CaptionTask<'a> {
    query: Rows<'a>,
    text: [Rows<'a>; 2],
}

/// The gradients of query, image key and value, and, where there is text, text key and value, each
/// as `[batch or captions, rows, heads, width]`.
pub(crate) fn backward(inputs: &Inputs<'_>, grad: Heads<'_>, statistics: &[f32]) -> Vec<Vec<f32>> {
    let mut shapes = vec![
        inputs.query.shape,
        inputs.image.key.shape,
        inputs.image.value.shape,
    ];
    shapes.extend(
        inputs
            .text
            .iter()
            .flat_map(|text| [text.key.shape, text.value.shape]),
    );
    let mut buffers: Vec<Vec<f32>> = shapes
        .iter()
        .map(|shape| vec![0.0; shape.iter().product()])
        .collect();
    let places = buffers.iter_mut().zip(&shapes);
    let places = places
        .map(|(buffer, shape)| by_head(buffer, *shape))
        .collect();
    let tasks = tasks(inputs, places).into_iter().enumerate().collect();
    let heads = inputs.query.shape[1];
    run(tasks, inputs.threads_pay(), |scratch, (index, task)| {
        let (picture, head) = (index / heads, index % heads);
        picture_backward(scratch, inputs, (grad, statistics), (picture, head), task);
    });
    buffers
}

/// One task for each head of each picture, heads fastest.
fn tasks<'a>(inputs: &Inputs<'_>, mut places: Vec<Vec<Rows<'a>>>) -> Vec<Task<'a>> {
    let [batch, heads, ..] = inputs.image.key.shape;
    let each = inputs.captions_each();
    // The rows of one head, which are nobody else's from then on; none where there is no text.
    let mut take = |input: usize, index: usize| match places.get_mut(input) {
        Some(rows) => std::mem::take(&mut rows[index]),
        None => Vec::new(),
    };
    let mut caption = |index: usize| CaptionTask {
        query: take(0, index),
        text: [take(3, index), take(4, index)],
    };
    let mut captions: Vec<Vec<CaptionTask<'a>>> = (0..batch * heads)
        .map(|index| {
            let (picture, head) = (index / heads, index % heads);
            let own = picture * each..(picture + 1) * each;
            own.map(|c| caption(c * heads + head)).collect()
        })
        .collect();
    let tasks = captions
        .iter_mut()
        .enumerate()
        .map(|(index, captions)| Task {
            image: [take(1, index), take(2, index)],
            captions: std::mem::take(captions),
        });
    tasks.collect()
}

fn picture_backward(
    scratch: &mut Scratch,
    inputs: &Inputs<'_>,
    (grad, statistics): (Heads<'_>, &[f32]),
    (picture, head): (usize, usize),
    mut task: Task<'_>,
) {
    let [_, heads, rows, width] = inputs.query.shape;
    let sizes = [inputs.image_rows() * width, inputs.text_rows() * width];
    let [image_key, image_value, text_key, text_value] = &mut scratch.sums;
    let mut image = [image_key, image_value].map(|sum| cleared(sum, sizes[0]));
    for (index, mut caption) in task.captions.into_iter().enumerate() {
        let number = picture * inputs.captions_each() + index;
        let start = (number * heads + head) * rows * 2;
        let statistics = &statistics[start..start + rows * 2];
        let mut text = [&mut *text_key, &mut *text_value].map(|sum| cleared(sum, sizes[1]));
        let mut pass = Pass {
            head: inputs.head(number, head),
            grad: grad.of(number, head),
            scores: &mut scratch.scores,
            of_scores: &mut scratch.of_scores,
            rows: &mut scratch.rows,
            sums: [
                image.each_mut().map(|sum| &mut **sum),
                text.each_mut().map(|sum| &mut **sum),
            ],
        };
        pass.run(&mut caption.query, statistics);
        for (rows, sum) in caption.text.iter_mut().zip(&text) {
            copy_rows(rows, sum, |_| 1.0);
        }
    }
    for (rows, sum) in task.image.iter_mut().zip(&image) {
        copy_rows(rows, sum, |_| 1.0);
    }
}

/// The backward pass of one head of one caption.
struct Pass<'a, 's> {
    head: Head<'a>,
    grad: Matrix<'a>,
    scores: &'s mut Vec<f32>,
    of_scores: &'s mut Vec<f32>,
    rows: &'s mut Vec<f32>,
    /// Gradients of key and value, of image rows and of text rows.
    sums: [[&'s mut [f32]; 2]; 2],
}

impl Pass<'_, '_> {
    fn run(&mut self, query: &mut [&mut [f32]], statistics: &[f32]) {
        let step = self.head.rows_at_once();
        let blocks = query.chunks_mut(step).zip(statistics.chunks(2 * step));
        for (block, (query, statistics)) in blocks.enumerate() {
            self.block(block * step, query, statistics);
        }
    }

    fn block(&mut self, start: usize, of_query: &mut [&mut [f32]], statistics: &[f32]) {
        let (head, count, width) = (self.head, of_query.len(), self.head.width());
        let (query, grad) = (
            head.query.rows_from(start, count),
            self.grad.rows_from(start, count),
        );
        let p = resized(self.scores, count * width);
        head.score(p, start, count);
        let of_scores = resized(self.of_scores, count * width);
        head.against(of_scores, grad, 1.0, |pair| pair.1);
        vectorised(SoftmaxBackward {
            p,
            of_p: of_scores,
            width,
            statistics,
            factor: head.factor,
        });
        head.hide(of_scores, start, count, 0.0);
        let (p, of_scores) = (
            Matrix::dense(p, count, width),
            Matrix::dense(of_scores, count, width),
        );
        for ((place, pair), [key, value]) in head.parts().zip(&mut self.sums) {
            let rows = pair.0.rows();
            let share = |x: Matrix<'_>, y, sum: &mut [f32]| {
                let x = x.columns_from(place, rows).transposed();
                let sum = MatrixMut::dense(sum, rows, query.columns());
                product(sum, Onto::Sum, 1.0, x, y);
            };
            share(of_scores, query, key);
            share(p, grad, value);
        }
        let rows = resized(self.rows, count * query.columns());
        head.over(rows, of_scores, |pair| pair.0);
        copy_rows(of_query, rows, |_| 1.0);
    }
}

/// Rows of scores become `exp(score - largest)`.
struct Softmax<'a> {
    scores: &'a mut [f32],
    width: usize,
    /// Gets the largest score and the reciprocal sum of each row.
    statistics: &'a mut [f32],
}

impl Work for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rows = self.scores.chunks_exact_mut(self.width);
        for (row, s) in rows.zip(self.statistics.chunks_exact_mut(2)) {
            let largest = max(row);
            let exp = ExpFrom { largest };
            for x in row.iter_mut() {
                *x = exp.of([*x]);
            }
            s[0] = largest;
            s[1] = 1.0 / sum(row, Itself {});
        }
    }
}

/// Rows of scores `p` become probabilities, and gradients `of_p` become gradients of the scores.
struct SoftmaxBackward<'a> {
    p: &'a mut [f32],
    of_p: &'a mut [f32],
    width: usize,
    statistics: &'a [f32],
    factor: f32,
}

impl Work for SoftmaxBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rows = self.p.chunks_exact_mut(self.width);
        let rows = rows.zip(self.of_p.chunks_exact_mut(self.width));
        for ((p, of_p), s) in rows.zip(self.statistics.chunks_exact(2)) {
            let (exp, share) = (ExpFrom { largest: s[0] }, s[1]);
            for p in p.iter_mut() {
                *p = exp.of([*p]) * share;
            }
            let mean = sum_zip(p, of_p, Times {});
            for (of_p, p) in of_p.iter_mut().zip(&*p) {
                *of_p = *p * (*of_p - mean) * self.factor;
            }
        }
    }
}
