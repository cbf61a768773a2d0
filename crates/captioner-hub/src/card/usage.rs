//! How to use a model, in the card.

use super::ModelCard;
use super::text::literal;

/// Python's way to read a picture and to print its caption, after `processor` and `model` are there.
const CAPTION: &str = "\
picture = Image.open(\"picture.png\").convert(\"RGB\")
pixel_values = processor(images=picture, return_tensors=\"pt\").pixel_values
ids = model.generate(pixel_values=pixel_values, max_length=50)
print(processor.batch_decode(ids, skip_special_tokens=True)[0])
";

pub(super) fn usage(card: &ModelCard) -> String {
    let (rust, python) = match card.adapter {
        true => (adapter_in_rust(card), adapter_in_python(card)),
        false => (model_in_rust(card), model_in_python(card)),
    };
    format!(
        "\n## How to use it\n\nFrom Python, with `transformers`:\n\n```python\n{python}{CAPTION}```\n\n\
         From Rust, with the crate `captioner` and its feature `hub`:\n\n```rust\n{rust}\
         println!(\"{{}}\", captioner.caption_file(\"picture.png\")?.text);\n```\n"
    )
}

fn model_in_rust(card: &ModelCard) -> String {
    format!(
        "use captioner::{{Captioner, hub::find_model, ops::DeviceSpec}};\n\n\
         let captioner = Captioner::from_pretrained(find_model({})?, DeviceSpec::AUTO)?;\n",
        literal(&card.name)
    )
}

fn model_in_python(card: &ModelCard) -> String {
    let name = literal(&card.name);
    format!(
        "from PIL import Image\nfrom transformers import AutoModelForCausalLM, AutoProcessor\n\n\
         processor = AutoProcessor.from_pretrained({name})\n\
         model = AutoModelForCausalLM.from_pretrained({name})\n"
    )
}

fn adapter_in_rust(card: &ModelCard) -> String {
    let (base, name) = (base(card), literal(&card.name));
    format!(
        "use captioner::Captioner;\nuse captioner::git::GitForCausalLm;\nuse captioner::hub::find_model;\n\
         use captioner::model::{{Pretrained, Processor, load_adapter, merge_adapter}};\n\
         use captioner::ops::DeviceSpec;\n\n\
         let (base, adapter) = (find_model({base})?, find_model({name})?);\n\
         let model = GitForCausalLm::from_pretrained(&base, &DeviceSpec::AUTO.open()?)?;\n\
         let model = merge_adapter(load_adapter(model, &adapter)?);\n\
         let captioner = Captioner::new(model, Processor::from_pretrained(&adapter)?)?;\n"
    )
}

/// Without `config.json`, `AutoProcessor` does not know which processor an adapter's files are of.
fn adapter_in_python(card: &ModelCard) -> String {
    let (base, name) = (base(card), literal(&card.name));
    format!(
        "from peft import PeftModel\nfrom PIL import Image\n\
         from transformers import AutoModelForCausalLM, AutoProcessor\n\n\
         processor = AutoProcessor.from_pretrained({base})\n\
         model = AutoModelForCausalLM.from_pretrained({base})\n\
         model = PeftModel.from_pretrained(model, {name})\n"
    )
}

/// The base model's repository; where it has none, whoever has its folder writes it here.
fn base(card: &ModelCard) -> String {
    literal(
        card.base_model
            .as_deref()
            .unwrap_or("the folder of the base model"),
    )
}
