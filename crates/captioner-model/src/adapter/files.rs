//! Adapters in PEFT's files: `adapter_config.json` and `adapter_model.safetensors`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use captioner_files::{create_folder, read_json, write_json};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AdapterError, AdapterMismatch, LoraConfig, LoraValues, has_adapter, lora};
use crate::error::ModelError;
use crate::freeze::freeze_where;
use crate::pretrained::Pretrained;
use crate::weights::{self, Collector, Stored};

const CONFIG_FILE: &str = "adapter_config.json";
const WEIGHTS_FILE: &str = "adapter_model.safetensors";

/// What PEFT puts before the names of the model that it wraps.
const WRAPPER: &str = "base_model.model.";

/// `adapter_config.json`; keys that change nothing here are not read.
#[derive(Debug, Serialize, Deserialize)]
struct ConfigFile {
    peft_type: String,
    task_type: Option<String>,
    base_model_name_or_path: Option<String>,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    lora_dropout: f64,
    target_modules: Value,
    #[serde(default)]
    bias: Option<String>,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    modules_to_save: Option<Value>,
    #[serde(default)]
    rank_pattern: BTreeMap<String, Value>,
    #[serde(default)]
    alpha_pattern: BTreeMap<String, Value>,
    #[serde(default)]
    inference_mode: bool,
}

/// Adds the adapter of a folder that PEFT, or [`save_adapter`], wrote, and freezes all else.
///
/// # Errors
/// When a file is missing or damaged, the adapter does something that is not supported, its
/// tensors are not the model's, or the model has an adapter.
pub fn load_adapter<M: Pretrained>(model: M, folder: impl AsRef<Path>) -> Result<M, ModelError> {
    if has_adapter(&model) {
        return Err(AdapterError::Present.into());
    }
    let folder = folder.as_ref();
    let path = folder.join(CONFIG_FILE);
    let Some((weights_path, tensors)) = weights::open_adapter(folder)? else {
        return Err(missing(folder));
    };
    if !path.is_file() {
        return Err(missing(folder));
    }
    let file: ConfigFile = read_json(&path)?;
    let config = file.check(&path)?;
    let mut tensors = Tensors {
        path: weights_path,
        tensors,
    };
    let mut model = freeze_where(model, &|_| true);
    let mut failed = None;
    model.linear_layers(&mut |name, linear| {
        let [inputs, outputs] = linear.weight.lazy_shape().dims();
        match tensors.take(name, config.r, inputs, outputs) {
            Ok(Some(values)) => linear.lora = Some(lora(linear, values, &config)),
            Ok(None) => {}
            Err(error) => failed = failed.take().or(Some(error)),
        }
    });
    match failed {
        Some(error) => Err(error),
        None => tensors.check_empty().map(|()| model),
    }
}

/// Loads the values of an adapter's folder into the adapter that the model has: its scale, its dropout
/// and all that is frozen stay.
///
/// # Errors
/// When a file is missing or damaged, its tensors are not those of the model's adapter, or the model
/// has none.
pub fn load_adapter_weights<M: Pretrained>(
    mut model: M,
    folder: impl AsRef<Path>,
) -> Result<M, ModelError> {
    if !has_adapter(&model) {
        return Err(AdapterError::Absent.into());
    }
    let folder = folder.as_ref();
    let opened = weights::open_adapter(folder)?;
    let (path, tensors) = opened.ok_or_else(|| missing(folder))?;
    let mut tensors = Tensors { path, tensors };
    let mut failed = None;
    model.linear_layers(&mut |name, linear| {
        let [inputs, outputs] = linear.weight.lazy_shape().dims();
        let Some(present) = &mut linear.lora else {
            return;
        };
        let [_, rank] = present.a.lazy_shape().dims();
        match tensors.take(name, rank, inputs, outputs) {
            Ok(Some(values)) => present.replace(values),
            Ok(None) => {
                let missing = tensors.mismatch(name, AdapterMismatch::Missing);
                failed = failed.take().or(Some(missing));
            }
            Err(error) => failed = failed.take().or(Some(error)),
        }
    });
    match failed {
        Some(error) => Err(error),
        None => tensors.check_empty().map(|()| model),
    }
}

/// Writes the adapter as PEFT does into a folder, which is made where there is none; each file is
/// written whole or not at all, and all other files stay. `base_model` is the name or folder of the
/// model that it belongs to.
///
/// # Errors
/// When there is no adapter, a file can't be written, or the device fails.
pub fn save_adapter<M: Pretrained>(
    model: &M,
    folder: impl AsRef<Path>,
    base_model: Option<&str>,
) -> Result<(), ModelError> {
    let mut collector = Collector::default();
    let (mut names, mut found) = (Vec::new(), None);
    model.clone().linear_layers(&mut |name, linear| {
        let Some(lora) = &linear.lora else { return };
        let (a, b) = (lora.a.val().transpose(), lora.b.val().transpose());
        found = Some((a.dims()[0], lora.scale, lora.dropout));
        collector.take(format!("{WRAPPER}{name}.lora_A.weight"), a);
        collector.take(format!("{WRAPPER}{name}.lora_B.weight"), b);
        names.push(name.to_owned());
    });
    let (r, scale, lora_dropout) = found.ok_or(AdapterError::Absent)?;
    let config = ConfigFile {
        peft_type: "LORA".into(),
        task_type: Some("CAUSAL_LM".into()),
        base_model_name_or_path: base_model.map(str::to_owned),
        r,
        lora_alpha: scale * r as f64,
        lora_dropout,
        target_modules: names.into(),
        bias: Some("none".into()),
        fan_in_fan_out: false,
        use_rslora: false,
        use_dora: false,
        modules_to_save: None,
        rank_pattern: BTreeMap::new(),
        alpha_pattern: BTreeMap::new(),
        inference_mode: true,
    };
    let folder = folder.as_ref();
    create_folder(folder)?;
    write_json(folder.join(CONFIG_FILE), &config)?;
    Ok(collector.write(&folder.join(WEIGHTS_FILE))?)
}

fn missing(folder: &Path) -> ModelError {
    let folder = folder.to_owned();
    AdapterError::Missing { folder }.into()
}

impl ConfigFile {
    fn check(self, path: &Path) -> Result<LoraConfig, AdapterError> {
        let set = |key, value: String| AdapterError::Unsupported {
            path: path.to_owned(),
            key,
            value,
        };
        if self.peft_type != "LORA" {
            return Err(set("peft_type", self.peft_type));
        }
        if let Some(bias) = self.bias.filter(|bias| bias != "none") {
            return Err(set("bias", bias));
        }
        if let Some(modules) = self.modules_to_save {
            return Err(set("modules_to_save", modules.to_string()));
        }
        for (key, on) in [
            ("fan_in_fan_out", self.fan_in_fan_out),
            ("use_dora", self.use_dora),
            ("rank_pattern", !self.rank_pattern.is_empty()),
            ("alpha_pattern", !self.alpha_pattern.is_empty()),
        ] {
            if on {
                return Err(set(key, "set".into()));
            }
        }
        let mut lora_alpha = self.lora_alpha;
        if self.use_rslora {
            // Rank-stabilised: the scale is alpha / sqrt(r).
            lora_alpha *= (self.r as f64).sqrt();
        }
        let config = LoraConfig {
            r: self.r,
            lora_alpha,
            lora_dropout: self.lora_dropout,
            target_modules: vec!["*".into()],
        };
        config.validate()?;
        Ok(config)
    }
}

/// The adapter's tensors that no linear layer has taken yet.
struct Tensors {
    path: PathBuf,
    tensors: BTreeMap<String, Stored>,
}

impl Tensors {
    /// Both matrices of a linear layer, or neither.
    fn take(
        &mut self,
        name: &str,
        rank: usize,
        inputs: usize,
        outputs: usize,
    ) -> Result<Option<LoraValues>, ModelError> {
        let a = self.matrix(&format!("{WRAPPER}{name}.lora_A.weight"), [rank, inputs])?;
        let b = self.matrix(&format!("{WRAPPER}{name}.lora_B.weight"), [outputs, rank])?;
        match (a, b) {
            (None, None) => Ok(None),
            (Some(a), Some(b)) => Ok(Some(LoraValues { a, b, rank })),
            _ => Err(self.mismatch(name, AdapterMismatch::Half)),
        }
    }

    /// A matrix, transposed.
    fn matrix(&mut self, name: &str, shape: [usize; 2]) -> Result<Option<Vec<f32>>, ModelError> {
        let Some(stored) = self.tensors.remove(name) else {
            return Ok(None);
        };
        if stored.shape != shape || stored.float.is_none() {
            let problem = AdapterMismatch::Shape {
                want: shape,
                have: stored.shape,
                type_name: stored.type_name,
            };
            return Err(self.mismatch(name, problem));
        }
        let values = stored.floats()?;
        Ok(Some(weights::transpose(&values, shape[0], shape[1])))
    }

    fn check_empty(&self) -> Result<(), ModelError> {
        match self.tensors.keys().next() {
            None => Ok(()),
            Some(name) => {
                let count = self.tensors.len();
                Err(self.mismatch(name, AdapterMismatch::NoLayer { count }))
            }
        }
    }

    fn mismatch(&self, tensor: &str, problem: AdapterMismatch) -> ModelError {
        AdapterError::Mismatch {
            path: self.path.clone(),
            tensor: tensor.to_owned(),
            problem,
        }
        .into()
    }
}
