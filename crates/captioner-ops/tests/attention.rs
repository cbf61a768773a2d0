//! What attention does around its arithmetic: dropout, sharing of images, empty batches, and shapes
//! that don't fit.
#![cfg(feature = "flex")]

mod comparison;

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::{Bool, Device, Int, Tensor, activation};
use captioner_ops::{
    KeyValue, attention, causal_mask, cross_attention, dropout, prefix_attention, split_heads,
};
use comparison::{Arrangement, assert_same, devices, random, repeat};

const DROPOUT: f64 = 0.3;
/// `[captions, heads, rows, width]`, captions of each picture, image rows.
const SHAPE: ([usize; 4], usize, usize) = ([6, 2, 4, 8], 3, 5);

/// Tests draw from one generator: while one seeds it and draws again, no other may.
fn alone() -> MutexGuard<'static, ()> {
    static GENERATOR: Mutex<()> = Mutex::new(());
    GENERATOR.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keys([key, value]: [Tensor<4>; 2]) -> KeyValue {
    KeyValue { key, value }
}

/// The definition, over keys of which each caption has its own; the same seed drops the same.
fn dropped([query, key, value]: [Tensor<4>; 3], mask: Option<Tensor<4, Bool>>) -> Tensor<4> {
    query.device().seed(17);
    let [.., width] = query.dims();
    let mut scores = query.matmul(key.transpose()) / (width as f64).sqrt();
    if let Some(mask) = mask {
        let shape = scores.shape();
        scores = scores.mask_fill(mask.expand(shape), -1e30);
    }
    dropout(activation::softmax(scores, 3), DROPOUT).matmul(value)
}

#[test]
fn dropout_drops_probabilities_whoever_reads_whom() {
    let _alone = alone();
    for device in devices() {
        for arrangement in Arrangement::ALL {
            compare_dropout(arrangement, &device);
        }
    }
}

fn compare_dropout(arrangement: Arrangement, device: &Device) {
    let ([captions, heads, rows, width], each, image) = SHAPE;
    let draw = |n, rows| {
        let shape = [n, heads, rows, width];
        random(shape, arrangement, 1.0, device)
    };
    let batch = captions / each;
    let own = [
        draw(captions, rows),
        draw(captions, image),
        draw(captions, image),
    ];
    let seeded = |query: Tensor<4>| {
        query.device().seed(17);
        query
    };
    assert_same(
        own,
        |[query, key, value]| attention(seeded(query), keys([key, value]), DROPOUT),
        |all| dropped(all, None),
        1e-5,
    );
    let shared = [draw(captions, rows), draw(batch, image), draw(batch, image)];
    assert_same(
        shared.clone(),
        |[query, key, value]| cross_attention(seeded(query), &keys([key, value]), DROPOUT),
        |[query, key, value]| dropped([query, repeat(key, each), repeat(value, each)], None),
        1e-5,
    );
    let [query, image_key, image_value] = shared;
    let text = [draw(captions, rows), draw(captions, rows)];
    let [key, value] = text;
    assert_same(
        [query, image_key, image_value, key, value],
        |[query, image_key, image_value, key, value]| {
            let mask = causal_mask(rows, 0, &query.device()).unsqueeze();
            let image = keys([image_key, image_value]);
            prefix_attention(
                seeded(query),
                &image,
                keys([key, value]),
                Some(mask),
                DROPOUT,
            )
        },
        |[query, image_key, image_value, key, value]| {
            let mask = causal_mask(rows, image, &query.device()).unsqueeze();
            let key = Tensor::cat(vec![repeat(image_key, each), key], 2);
            let value = Tensor::cat(vec![repeat(image_value, each), value], 2);
            dropped([query, key, value], Some(mask))
        },
        1e-5,
    );
}

#[test]
fn rows_are_selected_several_times_or_not_at_all() {
    let _alone = alone();
    let device = Device::flex();
    let draw = || random([3, 2, 4, 8], Arrangement::RowMajor, 1.0, &device);
    let all = keys([draw(), draw()]);
    assert_eq!(all.rows(), 3);
    let some = all.select(Tensor::<1, Int>::from_data([2, 2, 0, 2], &device));
    assert_eq!(some.rows(), 4);
    for (got, all) in [(some.key, all.key), (some.value, all.value)] {
        for (row, from) in [2, 2, 0, 2].into_iter().enumerate() {
            let [got, want] = [(&got, row), (&all, from)].map(|(x, i)| x.clone().narrow(0, i, 1));
            assert_eq!(got.into_data(), want.into_data());
        }
    }
}

#[test]
fn no_captions_and_no_tokens_give_nothing() {
    let _alone = alone();
    for device in [Device::flex(), Device::flex().autodiff()] {
        for p in [0.0, DROPOUT] {
            let zeros = |n, rows| Tensor::<4>::zeros([n, 2, rows, 8], &device);
            for (captions, pictures, rows) in [(0, 0, 4), (6, 2, 0)] {
                let query = zeros(captions, rows);
                let image = keys([zeros(pictures, 5), zeros(pictures, 5)]);
                let text = keys([zeros(captions, rows), zeros(captions, rows)]);
                let out = cross_attention(query.clone(), &image, p);
                assert_eq!(out.dims(), query.dims());
                let mask = (rows > 0).then(|| causal_mask(rows, 0, &device).unsqueeze());
                let out = prefix_attention(query.clone(), &image, text, mask, p);
                assert_eq!(out.dims(), query.dims());
            }
        }
    }
}

fn zeros(shape: [usize; 4]) -> Tensor<4> {
    Tensor::zeros(shape, &Device::flex())
}

#[test]
#[should_panic(expected = "queries of shape [5, 2, 4, 8] can't read keys of shape [2, 2, 3, 8]")]
fn captions_that_can_not_be_shared_out_to_the_pictures_are_refused() {
    let image = keys([zeros([2, 2, 3, 8]), zeros([2, 2, 3, 8])]);
    cross_attention(zeros([5, 2, 4, 8]), &image, 0.0);
}

#[test]
#[should_panic(expected = "different numbers of captions")]
fn attention_shares_no_keys() {
    attention(
        zeros([4, 2, 4, 8]),
        keys([zeros([2, 2, 3, 8]), zeros([2, 2, 3, 8])]),
        0.0,
    );
}

#[test]
#[should_panic(expected = "a mask of shape [2, 1, 4, 4], not [6 or 1, 1, 4, 4]")]
fn a_mask_for_each_picture_is_refused() {
    let image = keys([zeros([2, 2, 3, 8]), zeros([2, 2, 3, 8])]);
    let text = keys([zeros([6, 2, 4, 8]), zeros([6, 2, 4, 8])]);
    let mask = zeros([2, 1, 4, 4]).bool();
    prefix_attention(zeros([6, 2, 4, 8]), &image, text, Some(mask), 0.0);
}

#[test]
#[should_panic(expected = "a width of 10 can't be split into 4 heads")]
fn a_width_that_the_heads_do_not_divide_is_refused() {
    split_heads(Tensor::zeros([1, 2, 10], &Device::flex()), 4);
}
