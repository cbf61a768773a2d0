use super::*;

fn nasty() -> &'static str {
    "a\"b: #c\n---\n# d | <e>"
}

#[test]
fn nothing_of_a_nasty_name_becomes_yaml_or_markdown() {
    let card = ModelCard {
        name: nasty().into(),
        base_model: Some(nasty().into()),
        dataset: CardDataset {
            name: nasty().into(),
            ..CardDataset::default()
        },
        settings: vec![(nasty().into(), nasty().into())],
        ..ModelCard::default()
    };
    let text = card.to_markdown();
    let base = "base_model: \"a\\\"b: #c\\n---\\n# d | <e>\"\n";
    assert!(text.contains(base), "{text}");
    assert_eq!(text.matches("\n---\n").count(), 1, "{text}");
    assert!(!text.contains("\n# d"), "{text}");
}

#[test]
fn a_model_from_fresh_weights_names_no_base() {
    let fresh = ModelCard {
        from_fresh_weights: true,
        ..ModelCard::default()
    };
    let card = fresh.to_markdown();
    assert!(!card.contains("base_model") && card.contains("fresh weights"));
    let folder = ModelCard::default().to_markdown();
    assert!(!folder.contains("base_model") && folder.contains("not on the Hub"));
}

#[test]
fn what_is_no_number_is_shown_and_is_no_result() {
    let scores = [("generated_bleu_4", f64::INFINITY), ("generated_wer", 0.5)];
    let card = ModelCard {
        metrics: CardMetric::from_scores(scores),
        ..ModelCard::default()
    };
    let text = card.to_markdown();
    assert!(text.contains("generated captions | infinite |"), "{text}");
    assert_eq!(text.matches("type: \"bleu\"").count(), 0);
    assert_eq!(text.matches("type: \"wer\"").count(), 1);
}

#[test]
fn an_adapter_is_pefts() {
    let card = ModelCard {
        name: "me/adapter".into(),
        base_model: Some("microsoft/git-base".into()),
        adapter: true,
        ..ModelCard::default()
    };
    let text = card.to_markdown();
    for part in [
        "library_name: \"peft\"",
        "base_model_relation: \"adapter\"",
        "- \"base_model:adapter:microsoft/git-base\"\n- \"lora\"",
        "PeftModel.from_pretrained(model, \"me/adapter\")",
        "load_adapter(model, &adapter)",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_data_set_of_the_hub_is_in_the_head_and_any_other_is_not() {
    let card = |set| ModelCard {
        dataset: CardDataset::named(set),
        metrics: CardMetric::from_scores([("wer", 0.5)]),
        ..ModelCard::default()
    };
    let text = card("user/set").to_markdown();
    assert!(text.contains("datasets:\n- \"user/set\"\n"), "{text}");
    assert!(text.contains("(https://huggingface.co/datasets/user/set)"));
    let text = card("/home/me/cats").to_markdown();
    assert!(
        !text.contains("datasets:") && !text.contains("/home"),
        "{text}"
    );
    assert!(text.contains("type: \"cats\""), "{text}");
}
