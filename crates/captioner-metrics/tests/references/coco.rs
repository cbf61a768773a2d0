//! Tokens, BLEU, ROUGE-L, CIDEr and METEOR equal coco-caption's (pycocoevalcap).

use captioner_metrics::{
    Cider, CiderVariant, CocoBleu, CocoRouge, CocoTokenizer, DocumentFrequencies, Meteor, Metric,
    borrow_captions, borrow_references, ptb_tokenize,
};

use crate::fixture::{
    CORPUS, ROWS, Row, assert_close, assert_rows, number, over_all_rows, predictions, references,
    value,
};

fn corpus(name: &str) -> f64 {
    number(&CORPUS["coco"][name])
}

fn coco(place: usize) -> impl Iterator<Item = f64> {
    ROWS.iter().map(move |row| row.coco[place])
}

#[test]
fn tokens_of_every_caption_are_the_same() {
    for (place, row) in ROWS.iter().enumerate() {
        let captions = std::iter::once(&row.prediction).chain(&row.references);
        for (caption, expected) in captions.zip(&row.tokens) {
            assert_eq!(
                ptb_tokenize(caption).join(" "),
                *expected,
                "row {place}: {caption:?}"
            );
        }
    }
}

#[test]
fn bleu_is_equal() {
    let metric = over_all_rows(CocoBleu::new(CocoTokenizer::Ptb), &references());
    let scores = metric.compute().unwrap();
    for order in 1..=4 {
        let name = format!("bleu_{order}");
        assert_close(
            value(&scores, &name),
            number(&CORPUS["coco"]["bleu"][order - 1]),
            name,
        );
    }
}

#[test]
fn rouge_l_of_every_row_is_equal() {
    let metric = over_all_rows(CocoRouge::new(CocoTokenizer::Ptb), &references());
    assert_rows(&metric, "rouge_l", coco(0));
    assert_close(
        value(&metric.compute().unwrap(), "rouge_l"),
        corpus("rouge_l"),
        "rouge_l",
    );
}

#[test]
fn cider_d_and_cider_of_every_row_are_equal() {
    let variants = [
        (CiderVariant::CiderD, "cider_d", 1),
        (CiderVariant::Cider, "cider", 2),
    ];
    for (variant, name, place) in variants {
        let metric = over_all_rows(Cider::new(variant, CocoTokenizer::Ptb), &references());
        assert_rows(&metric, name, coco(place));
        assert_close(value(&metric.compute().unwrap(), name), corpus(name), name);
    }
}

#[test]
fn cider_d_with_frequencies_from_a_file_is_equal() {
    let references = references();
    let half = ROWS.len() / 2;
    let (first, second) = references.split_at(half);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frequencies.json");
    let counted = DocumentFrequencies::from_references(first, CocoTokenizer::Ptb);
    counted.save(&path).unwrap();
    let loaded = DocumentFrequencies::load(&path).unwrap();
    let metric = Cider::new(CiderVariant::CiderD, CocoTokenizer::Ptb);
    let mut metric = metric.with_document_frequencies(loaded);
    let predictions = predictions();
    let predictions = borrow_captions(&predictions[half..]);
    metric
        .update(&predictions, &borrow_references(second))
        .unwrap();
    let expected = ROWS.iter().filter_map(|row| row.cider_d_other_frequencies);
    assert_rows(&metric, "cider_d", expected);
    let mean = value(&metric.compute().unwrap(), "cider_d");
    assert_close(mean, corpus("cider_d_other_frequencies"), "cider_d");
}

#[test]
fn meteor_of_exact_and_stem_stages_is_equal_for_every_row() {
    let metric = over_all_rows(Meteor::new(CocoTokenizer::Ptb), &references());
    assert_rows(&metric, "meteor", coco(3));
    let score = value(&metric.compute().unwrap(), "meteor");
    assert_close(score, corpus("meteor_exact_stem"), "meteor");
}

/// What the missing stages are worth: kept as numbers, so that a change shows.
#[test]
fn meteor_is_near_java_with_all_stages() {
    let score = value(
        &over_all_rows(Meteor::new(CocoTokenizer::Ptb), &references())
            .compute()
            .unwrap(),
        "meteor",
    );
    assert!((score - corpus("meteor_full")).abs() < 2e-3, "{score}");
    let metric = over_all_rows(Meteor::new(CocoTokenizer::Ptb), &references());
    let statistics = metric.row_statistics().unwrap();
    let apart = |(place, row): (usize, &Row)| {
        (value(&statistics.of_rows([place]), "meteor") - row.coco[4]).abs()
    };
    let same = ROWS
        .iter()
        .enumerate()
        .map(apart)
        .filter(|apart| *apart < 1e-9)
        .count();
    assert!(
        same * 10 > ROWS.len() * 9,
        "{same} rows of {} are the same",
        ROWS.len()
    );
}

#[cfg(feature = "synonyms")]
#[test]
fn meteor_with_synonyms_is_near_java_with_synonyms() {
    let metric = Meteor::new(CocoTokenizer::Ptb).with_synonyms();
    let scores = over_all_rows(metric, &references()).compute().unwrap();
    let score = value(&scores, "meteor");
    let apart = (score - corpus("meteor_exact_stem_synonym")).abs();
    assert!(apart < 1e-3, "{score}"); // another edition of WordNet, fewer irregular forms
}

#[test]
#[ignore = "prints how far METEOR is from Java's"]
#[expect(clippy::print_stdout, reason = "it is what the test is for")]
fn meteor_distances() {
    let metric = over_all_rows(Meteor::new(CocoTokenizer::Ptb), &references());
    print_distances("exact and stem", &metric);
    #[cfg(feature = "synonyms")]
    {
        let metric = Meteor::new(CocoTokenizer::Ptb).with_synonyms();
        print_distances("with synonyms", &over_all_rows(metric, &references()));
    }
    let java = [corpus("meteor_exact_stem_synonym"), corpus("meteor_full")];
    println!(
        "Java: with synonyms {:.6}, with paraphrases too {:.6}",
        java[0], java[1]
    );
}

#[expect(clippy::print_stdout, reason = "it is what the test is for")]
fn print_distances(name: &str, metric: &Meteor) {
    let statistics = metric.row_statistics().unwrap();
    let rows = ROWS.iter().enumerate();
    let apart =
        rows.map(|(place, row)| value(&statistics.of_rows([place]), "meteor") - row.coco[4]);
    let apart: Vec<f64> = apart.collect();
    let count = apart.len() as f64;
    let mean = apart.iter().map(|apart| apart.abs()).sum::<f64>() / count;
    let same = apart.iter().filter(|apart| apart.abs() < 1e-9).count();
    let score = value(&statistics.total(), "meteor");
    println!(
        "{name}: {score:.6}; {same} of {count} rows as in Java with all stages, mean distance {mean:.6}"
    );
}
