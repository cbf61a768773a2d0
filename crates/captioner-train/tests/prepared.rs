//! From rows to batches: caches, truncation, padding, sizes.

use std::sync::Arc;

use captioner_data::{BadRows, InMemoryDataset, Picture};
use captioner_image::{DecodeOptions, ImageProcessor, ImageProcessorConfig, Source, Workers};
use captioner_model::{Padding, Processor, Visual};
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::{
    Augmentation, CaptionChoice, DataLoader, LoadedBatch, PictureTransforms, PixelCache,
    PreparedSet, RandomResizedCrop, Sample, Sampler, sequential_batches,
};

fn tokenizer() -> CaptionTokenizer {
    let captions = ["a grey square of some shade"];
    CaptionTokenizer::train_word_piece(captions, &WordPieceTraining::default()).unwrap()
}

fn picture(width: u32, height: u32, seed: u32) -> Picture {
    let pixels = (0..width * height * 3).map(|i| ((i * 37 + seed * 91) % 251) as u8);
    Picture::Rgb8 {
        width,
        height,
        pixels: pixels.collect(),
    }
}

fn dataset(rows: u32) -> InMemoryDataset {
    let mut set = InMemoryDataset::new("squares");
    for row in 0..rows {
        set.push(picture(50, 40 + row, row), ["a grey square of some shade"]);
    }
    set
}

fn batches(set: PreparedSet, workers: usize) -> Vec<LoadedBatch> {
    batches_of(&Arc::new(set), workers)
}

fn batches_of(set: &Arc<PreparedSet>, workers: usize) -> Vec<LoadedBatch> {
    let epoch = Sampler::new(set.dataset().clone(), 3, 1, 5).epoch(1);
    let batches: Result<Vec<_>, _> = DataLoader::new(set, epoch, workers).collect();
    batches.unwrap()
}

fn values(batch: &LoadedBatch) -> &[f32] {
    match batch.batch.as_ref().unwrap().visual() {
        Visual::Pixels(pixels) => pixels.values(),
        other => panic!("not pixels: {other:?}"),
    }
}

#[test]
fn the_cache_the_workers_and_the_budget_change_no_bit_of_what_the_processor_gives() {
    let processor = Processor::clip(32, tokenizer()).unwrap();
    let prepare = |cache: &PixelCache| {
        PreparedSet::new(Arc::new(dataset(7)), processor.clone(), 16).with_cache(cache)
    };
    let want: Vec<LoadedBatch> = batches(prepare(&PixelCache::new(0)), 0);
    // Two pictures of 32 x 32 fit the small cache.
    for (bytes, workers) in [(0, 2), (2 * 3200, 1), (1 << 20, 0), (1 << 20, 3)] {
        let cache = PixelCache::new(bytes);
        let set = Arc::new(prepare(&cache));
        for _epoch in 0..2 {
            let got = batches_of(&set, workers);
            assert_eq!(got.len(), want.len());
            for (got, want) in got.iter().zip(&want) {
                assert_eq!((&got.rows, &got.batch), (&want.rows, &want.batch));
            }
        }
        assert!(cache.used() <= bytes);
        assert_eq!(cache.used() > 0, bytes > 0);
    }
    // And they are what the image processor gives on its own.
    let row = want[0].rows[0] as u32;
    let Picture::Rgb8 {
        width,
        height,
        pixels,
    } = picture(50, 40 + row, row)
    else {
        panic!("the set holds RGB");
    };
    let source = Source::Rgb8 {
        width,
        height,
        pixels: &pixels,
    };
    let workers = Workers::new(1).unwrap();
    let own = processor
        .image
        .preprocess(&[source], &DecodeOptions::default(), &workers)
        .unwrap();
    assert_eq!(&values(&want[0])[..3 * 32 * 32], own.values());
}

#[test]
fn one_budget_holds_for_all_sets_of_a_run() {
    let processor = Processor::clip(32, tokenizer()).unwrap();
    let cache = PixelCache::new(4 * 3200);
    let mut sets = Vec::new();
    for _ in 0..3 {
        let set = PreparedSet::new(Arc::new(dataset(7)), processor.clone(), 16);
        let set = Arc::new(set.with_cache(&cache));
        batches_of(&set, 0);
        assert!(cache.used() <= 4 * 3200);
        sets.push(set);
    }
    assert!(cache.used() > 3 * 3000);
    // What a set kept leaves with it.
    sets.clear();
    assert_eq!(cache.used(), 0);
}

#[test]
fn truncated_captions_are_counted_once_and_keep_their_end() {
    let processor = Processor::clip(32, tokenizer()).unwrap();
    let end = processor.tokenizer.sep_id();
    let set = PreparedSet::new(Arc::new(dataset(4)), processor, 5);
    let set = Arc::new(set.with_padding(Padding::MaxLength(8)));
    for _ in 0..2 {
        for loaded in DataLoader::new(&set, sequential_batches(4, 2), 2) {
            let batch = loaded.unwrap().batch.unwrap();
            assert_eq!(batch.padded_length(), 8);
            assert_eq!(batch.tokens().row_length(0), 5);
            assert_eq!(batch.tokens().input_ids[4], end);
        }
    }
    assert_eq!(set.truncated_captions(), 4);
}

#[test]
fn pictures_of_several_sizes_are_a_clear_error() {
    let mut config = ImageProcessorConfig::clip(32);
    config.do_center_crop = false;
    let image = ImageProcessor::new(config).unwrap();
    let mut set = InMemoryDataset::new("sizes");
    // After resizing the shorter side: 64 x 32 and 32 x 64, as many values each.
    set.push(picture(40, 80, 1), ["a grey square"]);
    set.push(picture(80, 40, 2), ["a grey square"]);
    let set = PreparedSet::new(Arc::new(set), Processor::new(image, tokenizer()), 16);
    let set = Arc::new(set);
    let loaded = DataLoader::new(&set, sequential_batches(2, 2), 0).next();
    let message = loaded.unwrap().err().unwrap().to_string();
    assert!(
        message.contains("do_center_crop") && message.contains("row 2"),
        "{message}"
    );
}

#[test]
fn augmentation_depends_on_seed_and_epoch_alone() {
    let processor = Processor::clip(32, tokenizer()).unwrap();
    let prepare = |augmentation| {
        PreparedSet::new(Arc::new(dataset(7)), processor.clone(), 16)
            .with_augmentation(augmentation)
    };
    let augmentation = Some(Augmentation::default());
    let first = batches(prepare(augmentation), 1);
    let again = batches(prepare(augmentation), 3);
    let without = batches(prepare(None), 1);
    for ((first, again), without) in first.iter().zip(&again).zip(&without) {
        assert_eq!(values(first), values(again));
        assert_ne!(values(first), values(without));
    }
}

#[test]
fn a_description_is_the_same_for_the_same_batches_and_names_what_differs() {
    let processor = Processor::clip(32, tokenizer()).unwrap();
    let prepare = |rows| PreparedSet::new(Arc::new(dataset(rows)), processor.clone(), 16);
    let base = prepare(7).description();
    assert_eq!(base, prepare(7).description());
    let differing = |set: PreparedSet| -> Vec<String> {
        let other = set.description();
        assert!(base.keys().eq(other.keys()));
        let names = base.keys().filter(|name| base[*name] != other[*name]);
        names.cloned().collect()
    };
    assert_eq!(differing(prepare(8)), ["rows", "rows_fingerprint"]);
    let padded = prepare(7).with_padding(Padding::MaxLength(9));
    assert_eq!(differing(padded), ["padding"]);
    let augmented = prepare(7).with_augmentation(Some(Augmentation::default()));
    assert_eq!(differing(augmented), ["augmentation"]);
    let first = prepare(7).with_caption_choice(CaptionChoice::First);
    assert_eq!(differing(first), ["captions"]);
    let transformed = prepare(7).with_transforms(strong()).unwrap();
    assert_eq!(differing(transformed), ["transforms"]);
    let skipping = prepare(7).with_bad_rows(BadRows::Skip);
    assert_eq!(differing(skipping), ["bad_rows"]);
    let in_loss = prepare(7).with_pads_in_loss(true);
    assert_eq!(differing(in_loss), ["pads_in_loss"]);
    let mut other = dataset(6);
    other.push(picture(50, 46, 6), ["a square of some shade"]);
    let other = PreparedSet::new(Arc::new(other), processor.clone(), 16);
    assert_eq!(differing(other), ["rows_fingerprint"]);
    let larger = Processor::clip(48, tokenizer()).unwrap();
    let larger = PreparedSet::new(Arc::new(dataset(7)), larger, 12);
    assert_eq!(differing(larger), ["image_processor", "max_caption_tokens"]);
    let words = CaptionTokenizer::train_word_piece(["square"], &WordPieceTraining::default());
    let words = Processor::clip(32, words.unwrap()).unwrap();
    let words = PreparedSet::new(Arc::new(dataset(7)), words, 16);
    assert_eq!(differing(words), ["tokenizer_fingerprint"]);
}

#[test]
fn caption_lengths_are_those_of_the_tokens_that_are_loaded() {
    let processor = Processor::clip(32, tokenizer()).unwrap();
    let mut set = dataset(2);
    set.push(
        picture(50, 50, 1),
        ["a", "a grey square", "a grey square of some shade"],
    );
    set.push(picture(50, 50, 1), [" "]);
    let set = PreparedSet::new(Arc::new(set), processor, 7);
    let lengths = set.caption_lengths(2).unwrap();
    for (caption, length) in lengths.iter().enumerate() {
        let sample = Sample {
            row: 2,
            caption,
            captions: 1,
            augmentation: None,
        };
        let batch = set.batch(&[sample]).unwrap().batch.unwrap();
        assert_eq!(batch.padded_length(), *length);
    }
    assert!(lengths.is_sorted() && lengths[2] == 7);
    assert!(set.caption_lengths(3).is_err());
    assert_eq!(set.truncated_captions(), 1);
}

/// Every transform at once.
fn strong() -> PictureTransforms {
    PictureTransforms {
        random_resized_crop: Some(RandomResizedCrop::default()),
        horizontal_flip: 0.5,
        color_jitter: "0.4,0.4,0.4,0.1".parse().unwrap(),
    }
}

#[test]
fn transforms_depend_on_seed_epoch_and_row_alone_and_evaluation_has_none() {
    let processor = Processor::clip(32, tokenizer()).unwrap();
    let prepare = |transforms, cache: usize| {
        let set = PreparedSet::new(Arc::new(dataset(7)), processor.clone(), 16);
        let set = set.with_cache(&PixelCache::new(cache));
        Arc::new(set.with_transforms(transforms).unwrap())
    };
    let flips = PictureTransforms {
        random_resized_crop: None,
        ..strong()
    };
    for transforms in [strong(), flips] {
        let want = batches_of(&prepare(transforms, 0), 0);
        let cached = prepare(transforms, 1 << 20);
        for workers in [1, 3, 0] {
            // The second and third time the cache has pictures.
            for (want, again) in want.iter().zip(&batches_of(&cached, workers)) {
                assert_eq!(values(want), values(again), "{workers} threads");
            }
        }
        let plain = batches_of(&prepare(PictureTransforms::default(), 0), 0);
        for (want, plain) in want.iter().zip(&plain) {
            assert_ne!(values(want), values(plain));
        }
        let evaluated = |set: &Arc<PreparedSet>| -> Vec<Vec<f32>> {
            let loaded = DataLoader::new(set, sequential_batches(7, 3), 1);
            loaded
                .map(|batch| values(&batch.unwrap()).to_vec())
                .collect()
        };
        let plain = prepare(PictureTransforms::default(), 0);
        assert_eq!(evaluated(&cached), evaluated(&plain));
    }
}

/// A processor without a crop at the side's length, so that the whole picture is what is read.
fn whole_pictures(side: u32) -> Processor {
    let mut config = ImageProcessorConfig::clip(side);
    config.size = captioner_image::Size::Exact {
        height: side,
        width: side,
    };
    Processor::new(ImageProcessor::new(config).unwrap(), tokenizer())
}

#[test]
fn a_crop_of_all_of_a_picture_is_the_picture_resized() {
    let all = PictureTransforms {
        random_resized_crop: Some(RandomResizedCrop {
            scale: (1.0, 1.0),
            ratio: (1.0, 1.0),
        }),
        ..PictureTransforms::default()
    };
    let mut squares = InMemoryDataset::new("squares");
    for row in 0..4 {
        squares.push(picture(50, 50, row), ["a grey square"]);
    }
    let squares = Arc::new(squares);
    let prepare = || PreparedSet::new(squares.clone(), whole_pictures(32), 16);
    let (plain, cropped) = (prepare(), prepare().with_transforms(all).unwrap());
    for (plain, cropped) in batches(plain, 0).iter().zip(&batches(cropped, 0)) {
        assert_eq!(values(plain), values(cropped));
    }
}

/// The first plane of a picture of one row, in many epochs.
fn seen(
    caption: &[&str],
    transforms: PictureTransforms,
    augmentation: Option<Augmentation>,
) -> Vec<Vec<f32>> {
    let mut set = InMemoryDataset::new("one");
    set.push(picture(32, 32, 3), caption.iter().copied());
    let processor = Processor::clip(32, tokenizer()).unwrap();
    let set = PreparedSet::new(Arc::new(set), processor, 16).with_augmentation(augmentation);
    let set = set.with_transforms(transforms).unwrap();
    let sample = |seed| Sample {
        row: 0,
        caption: 0,
        captions: 1,
        augmentation: Some(seed),
    };
    let mut all: Vec<_> = (0..30)
        .map(|seed| values(&set.batch(&[sample(seed)]).unwrap()).to_vec())
        .collect();
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all.dedup();
    all
}

#[test]
fn a_picture_is_not_flipped_where_the_caption_that_is_learnt_says_left_or_right() {
    let flip = PictureTransforms {
        horizontal_flip: 0.5,
        ..PictureTransforms::default()
    };
    let other = Augmentation {
        degrees: 0.0,
        scale: 0.0,
        translate: 0.0,
        horizontal_flip: true,
        colour_jitter: 0.0,
        noise: 0.0,
        erase: false,
    };
    for (captions, pictures) in [
        (&["a square"][..], 2),
        (&["a square on the left"], 1),
        (&["Right of a square", "a square"], 1),
        // The second caption is not learnt here.
        (&["a square", "a square on the left"], 2),
    ] {
        assert_eq!(seen(captions, flip, None).len(), pictures, "{captions:?}");
        let same = PictureTransforms::default();
        assert_eq!(
            seen(captions, same, Some(other)).len(),
            pictures,
            "{captions:?}"
        );
    }
}

#[test]
fn a_crop_needs_a_processor_of_one_size_and_parameters_in_their_range() {
    let mut config = ImageProcessorConfig::clip(32);
    config.do_center_crop = false;
    let processor = Processor::new(ImageProcessor::new(config).unwrap(), tokenizer());
    let prepare = || PreparedSet::new(Arc::new(dataset(2)), processor.clone(), 16);
    let message = prepare().with_transforms(strong()).unwrap_err().to_string();
    assert!(message.contains("random_resized_crop") && message.contains("do_center_crop"));
    let wrong = PictureTransforms {
        horizontal_flip: 2.0,
        ..PictureTransforms::default()
    };
    let message = prepare().with_transforms(wrong).unwrap_err().to_string();
    assert!(message.contains("horizontal_flip is 2"), "{message}");
}

#[test]
fn a_broken_picture_is_named_where_it_is_cropped_too() {
    let mut set = dataset(1);
    set.push(Picture::Encoded(b"no picture".to_vec()), ["a grey square"]);
    let processor = Processor::clip(32, tokenizer()).unwrap();
    let set = PreparedSet::new(Arc::new(set), processor, 16).with_bad_rows(BadRows::Skip);
    let set = set.with_transforms(strong()).unwrap();
    let loaded = batches(set, 1);
    let skipped: Vec<_> = loaded.iter().flat_map(|batch| &batch.skipped).collect();
    assert_eq!(skipped.len(), 1);
    assert!(skipped[0].to_string().contains("row 2"), "{}", skipped[0]);
}
