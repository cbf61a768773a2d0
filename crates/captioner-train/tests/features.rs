//! A frozen encoder's outputs are computed once, and no bit of what is trained depends on it.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::AdamWConfig;
use burn::tensor::{Device, Tensor};
use captioner_data::{BadRows, CaptionDataset, DataError, Feature, Picture};
use captioner_git::{GitConfig, GitForCausalLm};
use captioner_image::{ImageProcessor, ImageProcessorConfig};
use captioner_model::{
    CaptionBatch, CaptionModel, FeatureRows, LoraConfig, LossOptions, NamePattern, Processor,
    Visual, add_lora, freeze,
};
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::{
    Augmentation, DataLoader, FeatureCache, LoadedBatch, PixelCache, PreparedSet, Sampler,
    TrainError, sequential_batches,
};

const ROWS: usize = 23;
/// A picture that can't be decoded, and a row without a caption.
const BAD: [usize; 2] = [6, 15];
/// A picture of 32 pixels has 4 patches and the class embedding, of width 64.
const BYTES: usize = 5 * 64 * 4;
/// What an index of the rows takes, and a row beside its values.
const INDEX: usize = ROWS * 4 + 8;
const ROW: usize = BYTES + 64;

/// Noise with one to three captions each, or pictures of two sizes; counts what is read.
#[derive(Default)]
struct Noise {
    reads: Arc<AtomicUsize>,
    varies: bool,
    two_sizes: bool,
}

impl CaptionDataset for Noise {
    fn name(&self) -> &str {
        "noise"
    }

    fn len(&self) -> usize {
        ROWS
    }

    fn features(&self) -> Vec<Feature> {
        Vec::new()
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        let all = [
            "a grey square",
            "some grey",
            "a square of some shade of grey",
        ];
        let count = if row == BAD[1] { 0 } else { 1 + row % 3 };
        Ok(all[..count].iter().map(|text| (*text).to_owned()).collect())
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if row == BAD[0] {
            return Ok(Picture::Encoded(b"no picture".to_vec()));
        }
        let wide = self.two_sizes && row % 2 == 1;
        let (width, height) = if wide { (64, 32) } else { (32, 32) };
        let mut state = row as u32 + 1;
        let pixels = (0..width * height * 3).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        Ok(Picture::Rgb8 {
            width,
            height,
            pixels: pixels.collect(),
        })
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        Ok(format!("noise-{row}"))
    }

    fn rows_vary(&self) -> bool {
        self.varies
    }
}

fn processor(crop: bool) -> Processor {
    let captions = ["a grey square of some shade"];
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(captions, &training).unwrap();
    let mut config = ImageProcessorConfig::clip(32);
    config.do_center_crop = crop;
    Processor::new(ImageProcessor::new(config).unwrap(), tokenizer)
}

fn prepared(noise: Noise) -> PreparedSet {
    let processor = processor(!noise.two_sizes);
    PreparedSet::new(Arc::new(noise), processor, 16)
        .with_bad_rows(BadRows::Skip)
        .with_cache(&PixelCache::new(0))
}

fn set() -> Arc<PreparedSet> {
    Arc::new(prepared(Noise::default()))
}

/// Few positions of a small width: a picture's features then do depend on how many others are
/// encoded with it.
fn bare() -> GitForCausalLm {
    let tokenizer = processor(true).tokenizer;
    let (pad, bos, eos) = (tokenizer.pad_id(), tokenizer.cls_id(), tokenizer.sep_id());
    let mut config = GitConfig::small(tokenizer.vocab_size(), pad, bos, eos);
    config.vision_config.hidden_size = 64;
    config.vision_config.intermediate_size = 128;
    config.vision_config.image_size = 32;
    config.vision_config.num_hidden_layers = 1;
    config.hidden_size = 64;
    config.intermediate_size = 128;
    config.num_hidden_layers = 1;
    config.hidden_dropout_prob = 0.1;
    config.attention_probs_dropout_prob = 0.1;
    GitForCausalLm::new(config, 1, &Device::flex().autodiff()).unwrap()
}

fn lora(targets: &[&str]) -> GitForCausalLm {
    let config = LoraConfig {
        r: 4,
        lora_dropout: 0.1,
        target_modules: targets.iter().map(|t| (*t).to_owned()).collect(),
        ..LoraConfig::default()
    };
    add_lora(bare(), &config, 3).unwrap()
}

/// Adapters in the decoder alone.
fn adapted() -> GitForCausalLm {
    lora(&["query", "value"])
}

/// All but the encoder is trained.
fn frozen() -> GitForCausalLm {
    freeze(bare(), &[NamePattern::new("image_encoder").unwrap()]).unwrap()
}

fn weights(model: &GitForCausalLm) -> Vec<u32> {
    struct Bits(Vec<u32>);
    impl ModuleVisitor for Bits {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let values = param.val().into_data();
            self.0.extend(values.iter::<f32>().map(f32::to_bits));
        }
    }
    let mut bits = Bits(Vec::new());
    model.visit(&mut bits);
    bits.0
}

#[derive(Clone, Copy)]
struct Run<'a> {
    batch_size: usize,
    captions: usize,
    workers: usize,
    budget: usize,
    folder: Option<&'a Path>,
    /// A fresh cache for each epoch, as after a run that was resumed.
    restarted: bool,
}

const WITHOUT: Run<'_> = Run {
    batch_size: 4,
    captions: 1,
    workers: 0,
    budget: FeatureCache::NONE,
    folder: None,
    restarted: false,
};

fn cache_of(model: &GitForCausalLm, set: &Arc<PreparedSet>, run: Run<'_>) -> FeatureCache {
    let folder = run.folder.map(Path::to_owned);
    let cache = FeatureCache::for_training(model, set, run.budget, folder);
    cache.unwrap().with_reserve(0)
}

/// Three epochs; gives all weights, and the encoder's passes over pictures in each epoch.
fn train(mut model: GitForCausalLm, run: Run<'_>) -> (Vec<u32>, Vec<usize>) {
    let set = set();
    let mut optimizer = AdamWConfig::new().init();
    let sampler = Sampler::new(set.dataset().clone(), run.batch_size, run.captions, 7);
    let mut cache = cache_of(&model, &set, run);
    let (mut step, mut encoded) = (0, Vec::new());
    for epoch in 0..3 {
        if run.restarted {
            cache = cache_of(&model, &set, run);
        }
        let before = cache.stats().encoded;
        for loaded in cache.loader(sampler.epoch(epoch), run.workers) {
            let Some(batch) = cache.batch(&model, loaded.unwrap()).unwrap() else {
                continue;
            };
            step += 1;
            model.device().seed(step);
            let (_, grads) = model.gradients(&batch, &LossOptions::default()).unwrap();
            model = optimizer.step(1e-2, model, grads);
        }
        let stats = cache.stats();
        encoded.push(stats.encoded - before);
        if stats.memory_rows > 0 {
            assert!(stats.memory_bytes <= run.budget);
        }
    }
    let mut skipped: Vec<_> = set.skipped().iter().map(|row| row.row - 1).collect();
    skipped.sort_unstable();
    assert_eq!(skipped, BAD);
    (weights(&model), encoded)
}

#[test]
fn a_run_with_a_cache_is_the_run_without_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let good = ROWS - BAD.len();
    for model in [adapted as fn() -> _, frozen] {
        let start = weights(&model());
        for (batch_size, captions) in [(1, 1), (4, 2), (7, 3), (64, 1)] {
            let without = Run {
                batch_size,
                captions,
                ..WITHOUT
            };
            let (want, encoded) = train(model(), without);
            assert_eq!(encoded, [good; 3]);
            assert_ne!(want, start);
            let small = INDEX + 5 * ROW;
            for (budget, folder, workers, restarted, repeated) in [
                (1 << 20, None, 0, false, 0),
                (1 << 20, None, 2, true, good),
                (small, None, 1, false, good - 5),
                (small, Some(folder.path()), 2, false, 0),
                (0, Some(folder.path()), 0, false, 0),
            ] {
                let run = Run {
                    budget,
                    folder,
                    workers,
                    restarted,
                    ..without
                };
                let (got, encoded) = train(model(), run);
                assert!(got == want, "batches of {batch_size}, {budget} bytes");
                assert_eq!(encoded, [good, repeated, repeated]);
            }
        }
    }
    // No file stays.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// All batches of one epoch, in the sets' own order.
fn epoch(
    cache: &mut FeatureCache,
    model: &GitForCausalLm,
    batch_size: usize,
) -> Result<Vec<CaptionBatch>, TrainError> {
    let loader = cache.loader(sequential_batches(ROWS, batch_size), 0);
    let batches = loader.map(|loaded| cache.batch(model, loaded?));
    batches.filter_map(Result::transpose).collect()
}

#[test]
fn pictures_whose_features_are_kept_are_not_even_read() {
    let reads = Arc::new(AtomicUsize::new(0));
    let noise = Noise {
        reads: reads.clone(),
        ..Noise::default()
    };
    let (set, model) = (Arc::new(prepared(noise)), adapted());
    let mut cache = FeatureCache::for_training(&model, &set, 1 << 20, None).unwrap();
    let first = epoch(&mut cache, &model, 4).unwrap();
    // The row without a caption is given up before its picture is read.
    assert_eq!(reads.swap(0, Ordering::Relaxed), ROWS - 1);
    let second = epoch(&mut cache, &model.valid(), 4).unwrap();
    // The bad picture is tried each time.
    assert_eq!(reads.swap(0, Ordering::Relaxed), 1);
    assert_eq!(first, second);
    let stats = cache.stats();
    let good = ROWS - BAD.len();
    assert_eq!((stats.encoded, stats.reused), (good, good));
    assert_eq!((stats.memory_rows, stats.file_rows), (good, 0));
    assert_eq!(stats.memory_bytes, INDEX + good * ROW);
    assert_eq!((stats.not_kept, stats.file_failures), (0, 0));
}

#[test]
fn features_are_what_the_encoder_gives_of_each_picture_alone() {
    let (set, model) = (set(), adapted());
    let mut cache = FeatureCache::for_training(&model, &set, 1 << 20, None).unwrap();
    let alone = DataLoader::new(&set, sequential_batches(ROWS, 1), 0);
    let alone = alone.filter_map(|loaded| loaded.unwrap().batch);
    let mut want = Vec::new();
    for batch in alone {
        let Visual::Pixels(pixels) = batch.visual() else {
            panic!("pictures are loaded");
        };
        let features = FeatureRows::from_tensor(model.encode(pixels).unwrap()).unwrap();
        want.extend_from_slice(features.values());
    }
    let mut got = Vec::new();
    for batch in epoch(&mut cache, &model, 7).unwrap() {
        let Visual::Features(features) = batch.visual() else {
            panic!("a cache gives features");
        };
        got.extend_from_slice(features.values());
    }
    assert_eq!(got, want);
}

#[test]
fn a_row_that_is_read_ahead_twice_is_kept_once() {
    let (set, model) = (set(), adapted());
    let mut cache = FeatureCache::for_training(&model, &set, 1 << 20, None).unwrap();
    // Both read all pictures before the first features are kept; the third comes from a loader that
    // knows no cache.
    let plan = || sequential_batches(ROWS, 8);
    let loaders: Vec<Vec<LoadedBatch>> = vec![
        cache.loader(plan(), 0).map(Result::unwrap).collect(),
        cache.loader(plan(), 2).map(Result::unwrap).collect(),
        DataLoader::new(&set, plan(), 0)
            .map(Result::unwrap)
            .collect(),
    ];
    let mut given = Vec::new();
    for loaded in loaders {
        let batches = loaded.into_iter().map(|b| cache.batch(&model, b).unwrap());
        given.push(batches.collect::<Vec<_>>());
    }
    assert_eq!(given[0], given[1]);
    assert_eq!(given[0], given[2]);
    let good = ROWS - BAD.len();
    assert_eq!(cache.stats().encoded, good);
    assert_eq!(cache.stats().memory_rows, good);
}

#[test]
fn a_picture_that_was_left_out_is_read_again_where_its_features_are_lost() {
    let (set, model) = (set(), adapted());
    let cache = || FeatureCache::for_training(&model, &set, 1 << 20, None).unwrap();
    let (mut one, mut other) = (cache(), cache());
    let want = epoch(&mut one, &model, 8).unwrap();
    // Batches without pictures, for a cache that has none of their features.
    let loaded: Vec<_> = one.loader(sequential_batches(ROWS, 8), 0).collect();
    let got = loaded.into_iter().map(|b| other.batch(&model, b.unwrap()));
    let got: Vec<_> = got.map(|batch| batch.unwrap().unwrap()).collect();
    assert_eq!(got, want);
}

#[test]
fn nothing_is_kept_where_features_differ_each_time() {
    let usable = |model: &GitForCausalLm, set: PreparedSet| {
        FeatureCache::for_training(model, &Arc::new(set), 1 << 20, None).is_some()
    };
    let noise = || prepared(Noise::default());
    assert!(usable(&adapted(), noise()) && usable(&frozen(), noise()));
    // The encoder is trained, or an adapter in it.
    assert!(!usable(&bare(), noise()));
    assert!(!usable(&lora(&["q_proj"]), noise()));
    // Pictures differ.
    let augmented = noise().with_augmentation(Some(Augmentation::default()));
    assert!(!usable(&adapted(), augmented));
    let varying = Noise {
        varies: true,
        ..Noise::default()
    };
    assert!(!usable(&adapted(), prepared(varying)));
}

#[test]
fn pictures_of_another_size_are_encoded_each_time_and_are_no_batch_with_others() {
    let noise = Noise {
        two_sizes: true,
        ..Noise::default()
    };
    let set = Arc::new(prepared(noise));
    let model = adapted().with_interpolate_pos_encoding(true);
    let mut cache = FeatureCache::for_training(&model, &set, 1 << 20, None).unwrap();
    let first = epoch(&mut cache, &model, 1).unwrap();
    assert_eq!(first, epoch(&mut cache, &model, 1).unwrap());
    // Of the good rows those at even places have the size of the first.
    let even = (0..ROWS).filter(|row| row % 2 == 0 && !BAD.contains(row));
    assert_eq!(cache.stats().memory_rows, even.count());
    let odd = (0..ROWS).filter(|row| row % 2 == 1 && !BAD.contains(row));
    assert_eq!(cache.stats().not_kept, 2 * odd.count());
    let without = DataLoader::new(&set, sequential_batches(ROWS, 2), 0).next();
    let without = without.unwrap().err().unwrap().to_string();
    let message = epoch(&mut cache, &model, 2).err().unwrap().to_string();
    assert_eq!(message, without);
}
