//! Masks of dropout that come from a key alone.
#![cfg(feature = "flex")]

use std::sync::Barrier;

use burn::tensor::{Device, Distribution, FloatDType, Tensor, TensorData};
use captioner_ops::{
    DropoutKey, KeyValue, attention, dropout, masked_attention, on_worker, prefix_attention,
    with_dropout_key,
};

fn device() -> Device {
    Device::flex().autodiff()
}

fn mask(length: usize) -> TensorData {
    dropout(Tensor::<1>::ones([length], &device()), 0.5).into_data()
}

/// Three dropouts of one pass.
fn masks() -> [TensorData; 3] {
    [(); 3].map(|()| mask(5000))
}

#[test]
fn a_key_repeats_its_masks_whatever_ran_before() {
    let want = with_dropout_key(7, masks);
    device().seed(1);
    mask(10);
    with_dropout_key(8, masks);
    assert_eq!(with_dropout_key(7, masks), want);
    assert_ne!(with_dropout_key(8, masks), want);
    assert_ne!(want[0], want[1]);
    assert_ne!(want[1], want[2]);
    // A shorter mask is the beginning of a longer one: nothing else was drawn from.
    let short = with_dropout_key(7, || mask(10));
    let (short, long) = (
        short.try_to_vec::<f32>(),
        want[0].clone().try_to_vec::<f32>(),
    );
    assert_eq!(short.unwrap(), long.unwrap()[..10]);
}

#[test]
fn threads_beside_each_other_do_not_disturb_each_other() {
    let want: Vec<_> = (0..4).map(|key| with_dropout_key(key, masks)).collect();
    let together = Barrier::new(4);
    std::thread::scope(|scope| {
        for key in 0..4 {
            let (want, together) = (&want, &together);
            scope.spawn(move || {
                together.wait();
                for _ in 0..50 {
                    device().seed(key);
                    assert_eq!(with_dropout_key(key, masks), want[key as usize]);
                    let on_pool = with_dropout_key(key, || on_worker(masks));
                    assert_eq!(on_pool, want[key as usize]);
                }
            });
        }
    });
}

#[test]
fn a_layer_that_is_computed_again_repeats_its_mask() {
    with_dropout_key(3, || {
        mask(10);
        let place = DropoutKey::current().unwrap();
        let first = mask(5000);
        let after = mask(5000);
        assert_eq!(place.within(|| mask(5000)), first);
        let elsewhere = std::thread::spawn(move || place.within(|| mask(5000)));
        assert_eq!(elsewhere.join().unwrap(), first);
        assert_ne!(mask(5000), after, "the pass goes on where it was");
    });
}

#[test]
fn gradients_are_those_of_the_masks() {
    for dtype in [FloatDType::F32, FloatDType::F64] {
        for shape in [[1, 1], [7, 129], [64, 1025]] {
            let x = Tensor::<2>::ones(shape, &device()).cast(dtype);
            let x = x.detach().require_grad();
            let y = with_dropout_key(3, || dropout(x.clone(), 0.1));
            let grad = x.grad(&(y.clone() * 2.0).sum().backward()).unwrap();
            assert_eq!(grad.into_data(), (y.inner() * 2.0).into_data(), "{dtype:?}");
        }
    }
}

#[test]
fn both_precisions_drop_the_same_values() {
    let of = |dtype| {
        let x = Tensor::<1>::ones([5000], &device()).cast(dtype);
        let y = with_dropout_key(3, || dropout(x, 0.25));
        let y = y.cast(FloatDType::F32).into_data();
        let y = y.try_to_vec::<f32>().unwrap();
        y.into_iter().map(|y| y > 0.0).collect::<Vec<_>>()
    };
    assert_eq!(of(FloatDType::F32), of(FloatDType::F64));
}

#[test]
fn masks_keep_the_mean_and_are_independent_of_each_other() {
    let length = 40_000;
    let all: Vec<Vec<f32>> = (0..4)
        .map(|key| with_dropout_key(key, || mask(length)))
        .chain(with_dropout_key(9, || [(); 4].map(|()| mask(length))))
        .map(|mask| mask.try_to_vec::<f32>().unwrap())
        .collect();
    let share = |pairs: &mut dyn Iterator<Item = bool>| {
        let (mut kept, mut count) = (0, 0);
        for pair in pairs {
            kept += usize::from(pair);
            count += 1;
        }
        kept as f64 / count as f64
    };
    for (i, first) in all.iter().enumerate() {
        let kept = share(&mut first.iter().map(|&x| x > 0.0));
        // A deviation of 0.0025.
        assert!((kept - 0.5).abs() < 0.015, "mask {i}: {kept}");
        for distance in [1, 7, 1024] {
            let pairs = first.iter().zip(&first[distance..]);
            let both = share(&mut pairs.map(|(a, b)| *a > 0.0 && *b > 0.0));
            assert!((both - 0.25).abs() < 0.015, "mask {i}, {distance}: {both}");
        }
        for (j, second) in all.iter().enumerate().skip(i + 1) {
            let pairs = first.iter().zip(second);
            let both = share(&mut pairs.map(|(a, b)| *a > 0.0 && *b > 0.0));
            assert!((both - 0.25).abs() < 0.015, "masks {i} and {j}: {both}");
        }
    }
}

#[test]
fn attention_takes_its_masks_from_the_key() {
    let shape = [2, 3, 5, 8];
    let random = || Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device());
    let [query, key, value] = [(); 3].map(|()| random());
    let keys = KeyValue { key, value };
    let each: [&dyn Fn(f64) -> Tensor<4>; 3] = [
        &|p| attention(query.clone(), keys.clone(), p),
        &|p| masked_attention(query.clone(), &keys, None, p),
        &|p| prefix_attention(query.clone(), &keys, keys.clone(), None, p),
    ];
    for (i, attend) in each.into_iter().enumerate() {
        let with = |key| with_dropout_key(key, || attend(0.5).into_data());
        let want = with(1);
        device().seed(5);
        assert_eq!(with(1), want, "{i}");
        assert_ne!(with(2), want, "{i}");
        assert_ne!(attend(0.0).into_data(), want, "{i}");
        let second = with_dropout_key(1, || {
            attend(0.5);
            attend(0.5).into_data()
        });
        assert_ne!(second, want, "{i}");
    }
}
