//! The columns of a Parquet file.

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor, Type};

use crate::columns::{Column, ColumnKind};

/// The columns of a file, by the fields of its schema's root.
pub(super) fn columns(schema: &SchemaDescriptor) -> Vec<Column> {
    let fields = schema.root_schema().get_fields();
    let column = |(index, field): (usize, &std::sync::Arc<Type>)| Column {
        name: field.name().to_owned(),
        kind: kind(field, &leaves(schema, index)),
    };
    fields.iter().enumerate().map(column).collect()
}

/// The leaf columns below a field of the schema's root, with their numbers in a row group.
pub(super) fn leaves(schema: &SchemaDescriptor, field: usize) -> Vec<(usize, ColumnDescPtr)> {
    let below = (0..schema.num_columns()).filter(|&leaf| schema.get_column_root_idx(leaf) == field);
    below.map(|leaf| (leaf, schema.column(leaf))).collect()
}

fn kind(field: &Type, leaves: &[(usize, ColumnDescPtr)]) -> ColumnKind {
    let (flat, listed): (Vec<_>, Vec<_>) = leaves
        .iter()
        .map(|(_, leaf)| leaf)
        .partition(|leaf| leaf.max_rep_level() == 0);
    match (flat.as_slice(), listed.as_slice()) {
        ([leaf], []) if field.is_primitive() => flat_kind(leaf),
        (_, []) if is_image_struct(&flat) => ColumnKind::ImageStruct,
        ([], [leaf]) if is_list(field) && flat_kind(leaf) == ColumnKind::Text => {
            ColumnKind::TextList
        }
        _ => ColumnKind::Other(name_of(field)),
    }
}

fn flat_kind(leaf: &ColumnDescPtr) -> ColumnKind {
    if leaf.physical_type() != Physical::BYTE_ARRAY {
        return ColumnKind::Other(name_of(leaf.self_type()));
    }
    match (leaf.logical_type_ref(), leaf.converted_type()) {
        (Some(LogicalType::String), _) | (None, ConvertedType::UTF8) => ColumnKind::Text,
        (None, ConvertedType::NONE) => ColumnKind::Binary,
        _ => ColumnKind::Other(name_of(leaf.self_type())),
    }
}

/// Whether these are the leaves of a struct with `bytes` or `path` in it.
fn is_image_struct(leaves: &[&ColumnDescPtr]) -> bool {
    let has = |name, kind| part(leaves, name).is_some_and(|leaf| flat_kind(leaf) == kind);
    let fits = |name, kind| part(leaves, name).is_none_or(|leaf| flat_kind(leaf) == kind);
    (has("bytes", ColumnKind::Binary) || has("path", ColumnKind::Text))
        && fits("bytes", ColumnKind::Binary)
        && fits("path", ColumnKind::Text)
}

fn part<'a>(leaves: &[&'a ColumnDescPtr], name: &str) -> Option<&'a ColumnDescPtr> {
    let is_it = |leaf: &&&ColumnDescPtr| matches!(leaf.path().parts(), [_, last] if last == name);
    leaves.iter().find(is_it).copied()
}

/// Whether a field is a list of one level: of three nodes as the specification has it, or of
/// two or one as old writers do.
fn is_list(field: &Type) -> bool {
    if field.is_primitive() {
        return true;
    }
    let [middle] = field.get_fields() else {
        return false;
    };
    middle.is_primitive() || matches!(middle.get_fields(), [item] if item.is_primitive())
}

/// A type for a message: its logical type, or else its physical one.
fn name_of(field: &Type) -> String {
    if field.is_group() {
        let parts = field.get_fields().iter().map(|part| part.name());
        return format!(
            "a struct or list of {}",
            parts.collect::<Vec<_>>().join(", ")
        );
    }
    match field.get_basic_info().logical_type_ref() {
        Some(logical) => format!("{logical:?}"),
        None => field.get_physical_type().to_string(),
    }
}
