//! CIDEr-D by its formula, written a second time without numbers for words.

use std::collections::{HashMap, HashSet};

use captioner_metrics::{
    Cider, CiderVariant, CocoTokenizer, DocumentFrequencies, Metric, single_references,
};

type Grams = HashMap<Vec<String>, f64>;

fn grams(caption: &str, order: usize) -> Grams {
    let words: Vec<String> = caption.split(' ').map(str::to_owned).collect();
    let mut counts = Grams::new();
    for gram in words.windows(order) {
        *counts.entry(gram.to_vec()).or_default() += 1.0;
    }
    counts
}

/// `ln N - ln max(1, documents with the n-gram)`, times how often the caption has it.
fn weighted(caption: &str, order: usize, documents: &[Vec<String>]) -> Grams {
    let with = |gram: &Vec<String>| {
        let has = |row: &&Vec<String>| row.iter().any(|c| grams(c, order).contains_key(gram));
        documents.iter().filter(has).count().max(1) as f64
    };
    let all = documents.len() as f64;
    let mut weights = grams(caption, order);
    for (gram, weight) in &mut weights {
        *weight *= all.ln() - with(gram).ln();
    }
    weights
}

fn norm(weights: &Grams) -> f64 {
    weights
        .values()
        .map(|weight| weight * weight)
        .sum::<f64>()
        .sqrt()
}

fn cider_d(prediction: &str, references: &[&str], documents: &[Vec<String>]) -> f64 {
    let mut sum = 0.0;
    for reference in references {
        let words = |caption: &str| caption.split(' ').count() as f64;
        let apart = words(prediction) - words(reference);
        let gauss = (-apart * apart / 72.0).exp();
        for order in 1..=4 {
            let a = weighted(prediction, order, documents);
            let b = weighted(reference, order, documents);
            let shared: HashSet<_> = a.keys().filter(|gram| b.contains_key(*gram)).collect();
            let product: f64 = shared.iter().map(|&g| a[g].min(b[g]) * b[g]).sum();
            let norms = norm(&a) * norm(&b);
            sum += gauss
                * if norms > 0.0 {
                    product / norms
                } else {
                    product
                };
        }
    }
    10.0 * sum / 4.0 / references.len() as f64
}

#[test]
fn counts_of_a_set_of_another_size_weigh_as_the_formula_says() {
    let rows = |captions: &[&str]| captions.iter().map(|c| vec![(*c).to_owned()]).collect();
    let mut documents: Vec<Vec<String>> = rows(&[
        "a cat on a mat",
        "a dog on the mat",
        "two dogs run in the park",
        "a red bird",
        "the cat and the dog",
        "a man on a horse",
        "two cats on a mat",
    ]);
    documents[0].push("the cat sits on the mat".to_owned());
    let predictions = ["a cat on the mat", "a red dog on a red mat in the park"];
    let mut references = single_references(&["a cat on a red mat", "two red dogs in the park"]);
    references[0].push("a cat lies on the mat");
    for size in [1, 3, 7] {
        let documents = &documents[..size];
        let counted = DocumentFrequencies::from_references(documents, CocoTokenizer::Pretokenized);
        let metric = Cider::new(CiderVariant::CiderD, CocoTokenizer::Pretokenized);
        let mut metric = metric.with_document_frequencies(counted);
        metric.update(&predictions, &references).unwrap();
        let statistics = metric.row_statistics().unwrap();
        for (row, prediction) in predictions.iter().enumerate() {
            let found = statistics.of_rows([row]).get("cider_d").unwrap();
            let expected = cider_d(prediction, &references[row], documents);
            assert!(
                (found - expected).abs() < 1e-9,
                "{found} instead of {expected}"
            );
            assert_eq!(expected > 0.1, size > 1, "{expected}"); // of one document all weigh 0
        }
    }
}
