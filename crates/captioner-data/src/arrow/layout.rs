//! Which nodes and buffers of a record batch belong to a column.
//!
//! Source: "Recordbatch message" and "Variadic buffers" of Arrow's columnar format: fields in
//! pre-order, each with its buffers.

use arrow_schema::{DataType, Field, Fields, Schema, UnionMode};

use crate::columns::{Column, ColumnKind};

/// Where a column's values begin among a batch's nodes and buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct At {
    pub(super) node: usize,
    /// The number of its first buffer, were there no variadic ones before it.
    pub(super) buffer: usize,
    /// How many columns with variadic buffers come before it.
    pub(super) views: usize,
}

/// How texts or bytes are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flat {
    /// Offsets of 4 bytes, or of 8, and data.
    Offsets { wide: bool },
    /// Views of 16 bytes, and any number of data buffers.
    Views,
    /// Numbers of entries of a dictionary, of so many bytes each; its entries are laid out
    /// by offsets or views.
    Dictionary {
        index_bytes: u64,
        of_views: bool,
        wide: bool,
    },
}

/// A column of texts or bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlatColumn {
    pub(super) at: At,
    pub(super) flat: Flat,
}

/// The picture column.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImageColumn {
    /// The struct, if it is one.
    pub(super) parent: Option<At>,
    pub(super) bytes: Option<FlatColumn>,
    pub(super) path: Option<FlatColumn>,
}

/// The caption column.
#[derive(Clone, Copy, Debug)]
pub(super) struct CaptionColumn {
    /// The list, if it is one, and whether its offsets have 8 bytes.
    pub(super) list: Option<(At, bool)>,
    pub(super) texts: FlatColumn,
}

/// The columns of a schema, for choosing among them.
pub(super) fn columns(schema: &Schema) -> Vec<Column> {
    let column = |field: &std::sync::Arc<Field>| Column {
        name: field.name().clone(),
        kind: kind(field.data_type()),
    };
    schema.fields().iter().map(column).collect()
}

fn kind(of: &DataType) -> ColumnKind {
    match of {
        DataType::Struct(fields) if is_image(fields) => ColumnKind::ImageStruct,
        DataType::List(item) | DataType::LargeList(item) if is_text(item.data_type()) => {
            ColumnKind::TextList
        }
        of if is_text(of) => ColumnKind::Text,
        of if is_bytes(of) => ColumnKind::Binary,
        other => ColumnKind::Other(other.to_string()),
    }
}

fn is_image(fields: &Fields) -> bool {
    let find = |name: &str| fields.iter().find(|field| field.name() == name);
    let (bytes, path) = (find("bytes"), find("path"));
    (bytes.is_some() || path.is_some())
        && bytes.is_none_or(|field| is_bytes(field.data_type()))
        && path.is_none_or(|field| is_text(field.data_type()))
}

fn is_text(of: &DataType) -> bool {
    use DataType::{Dictionary, LargeUtf8, Utf8, Utf8View};
    match of {
        Dictionary(_, values) => matches!(**values, Utf8 | LargeUtf8 | Utf8View),
        of => matches!(of, Utf8 | LargeUtf8 | Utf8View),
    }
}

fn is_bytes(of: &DataType) -> bool {
    use DataType::{Binary, BinaryView, LargeBinary};
    matches!(of, Binary | LargeBinary | BinaryView)
}

/// The picture column with this number; it is one of a kind that fits.
pub(super) fn image_column(schema: &Schema, number: usize) -> Option<ImageColumn> {
    let at = start_of(schema, number);
    let column = |of: &DataType, at: At| {
        Some(FlatColumn {
            at,
            flat: flat(of)?,
        })
    };
    match schema.field(number).data_type() {
        DataType::Struct(fields) => {
            let mut part_at = At {
                node: at.node + 1,
                buffer: at.buffer + 1,
                ..at
            };
            let (mut bytes, mut path) = (None, None);
            for field in fields {
                match field.name().as_str() {
                    "bytes" => bytes = column(field.data_type(), part_at),
                    "path" => path = column(field.data_type(), part_at),
                    _ => {}
                }
                part_at.skip(field.data_type());
            }
            Some(ImageColumn {
                parent: Some(at),
                bytes,
                path,
            })
        }
        of if is_bytes(of) => Some(ImageColumn {
            parent: None,
            bytes: column(of, at),
            path: None,
        }),
        of => Some(ImageColumn {
            parent: None,
            bytes: None,
            path: Some(column(of, at)?),
        }),
    }
}

/// The caption column with this number; it is one of a kind that fits.
pub(super) fn caption_column(schema: &Schema, number: usize) -> Option<CaptionColumn> {
    let at = start_of(schema, number);
    let item_at = At {
        node: at.node + 1,
        buffer: at.buffer + 2,
        ..at
    };
    let (list, of, at) = match schema.field(number).data_type() {
        DataType::List(item) => (Some((at, false)), item.data_type(), item_at),
        DataType::LargeList(item) => (Some((at, true)), item.data_type(), item_at),
        of => (None, of, at),
    };
    let texts = FlatColumn {
        at,
        flat: flat(of)?,
    };
    Some(CaptionColumn { list, texts })
}

fn flat(of: &DataType) -> Option<Flat> {
    use DataType::{Binary, BinaryView, Dictionary, LargeBinary, LargeUtf8, Utf8, Utf8View};
    match of {
        Utf8 | Binary => Some(Flat::Offsets { wide: false }),
        LargeUtf8 | LargeBinary => Some(Flat::Offsets { wide: true }),
        Utf8View | BinaryView => Some(Flat::Views),
        Dictionary(index, values) => Some(Flat::Dictionary {
            index_bytes: index.primitive_width()? as u64,
            of_views: **values == Utf8View,
            wide: **values == LargeUtf8,
        }),
        _ => None,
    }
}

/// Where a column of the schema begins.
fn start_of(schema: &Schema, number: usize) -> At {
    let mut at = At::default();
    for field in &schema.fields()[..number] {
        at.skip(field.data_type());
    }
    at
}

/// Whether a type has buffers which depend on the version of the format.
pub(super) fn has_union(of: &DataType) -> bool {
    use DataType::{FixedSizeList, LargeList, List, Map, Struct, Union};
    match of {
        Union(..) => true,
        List(item) | LargeList(item) | FixedSizeList(item, _) | Map(item, _) => {
            has_union(item.data_type())
        }
        Struct(fields) => fields.iter().any(|field| has_union(field.data_type())),
        _ => false,
    }
}

impl At {
    /// Moves behind a column of this type.
    fn skip(&mut self, of: &DataType) {
        use DataType::*;
        self.node += 1;
        self.buffer += match of {
            Null | RunEndEncoded(..) => 0,
            FixedSizeList(..) | Struct(_) | Union(_, UnionMode::Sparse) => 1,
            Utf8 | LargeUtf8 | Binary | LargeBinary | ListView(_) | LargeListView(_) => 3,
            _ => 2,
        };
        self.views += usize::from(matches!(of, Utf8View | BinaryView));
        match of {
            List(item)
            | LargeList(item)
            | ListView(item)
            | LargeListView(item)
            | FixedSizeList(item, _)
            | Map(item, _) => self.skip(item.data_type()),
            Struct(fields) => fields.iter().for_each(|field| self.skip(field.data_type())),
            Union(fields, _) => fields
                .iter()
                .for_each(|(_, field)| self.skip(field.data_type())),
            RunEndEncoded(ends, values) => {
                self.skip(ends.data_type());
                self.skip(values.data_type());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_behind_others_of_any_type() {
        let field = |name: &str, of| Field::new(name, of, true);
        let parts = vec![
            field("path", DataType::Utf8View),
            field("bytes", DataType::Binary),
        ];
        let schema = Schema::new(vec![
            field("null", DataType::Null),
            field("number", DataType::Int64),
            field("view", DataType::BinaryView),
            field(
                "box",
                DataType::new_fixed_size_list(DataType::Float32, 4, true),
            ),
            field("image", DataType::Struct(parts.into())),
            field("captions", DataType::new_large_list(DataType::Utf8, true)),
        ]);
        let at = |node, buffer, views| At {
            node,
            buffer,
            views,
        };
        let image = image_column(&schema, 4).unwrap();
        assert_eq!(image.parent, Some(at(5, 7, 1)));
        assert_eq!(image.path.unwrap().at, at(6, 8, 1));
        assert_eq!(image.bytes.unwrap().at, at(7, 10, 2));
        let captions = caption_column(&schema, 5).unwrap();
        assert_eq!(captions.list, Some((at(8, 13, 2), true)));
        assert_eq!(captions.texts.at, at(9, 15, 2));
    }
}
