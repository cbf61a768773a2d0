//! What a row costs, and pages that are not what they say.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::*;

const SCHEMA: &str = "message m {
    optional group image { optional binary bytes; optional binary path (UTF8); }
    optional binary text (UTF8);
}";

/// Bytes that don't compress, others for each row.
fn picture(row: usize, bytes: usize) -> Vec<u8> {
    let mut state = row as u32 + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..bytes).map(|_| next()).collect()
}

/// Writes a file of these pictures, with captions `a cat 0` and so on.
fn write(path: &Path, pictures: &[Vec<u8>], rows_a_group: usize, how: WriterPropertiesBuilder) {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(how.build())).unwrap();
    for (group, rows) in pictures.chunks(rows_a_group).enumerate() {
        let named = |start: &str, end: &str| {
            let name =
                |row: usize| format!("{start}{}{end}", group * rows_a_group + row).into_bytes();
            (0..rows.len())
                .map(|row| name(row).into())
                .collect::<Vec<ByteArray>>()
        };
        let pictures: Vec<ByteArray> = rows.iter().map(|row| row.clone().into()).collect();
        let columns = [
            (pictures, 2),
            (named("p", ".png"), 2),
            (named("a cat ", ""), 1),
        ];
        let mut group = writer.next_row_group().unwrap();
        for (values, level) in columns {
            let levels = vec![level; values.len()];
            let mut column = group.next_column().unwrap().unwrap();
            let typed = column.typed::<ByteArrayType>();
            typed.write_batch(&values, Some(&levels), None).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// The way `datasets` writes: pictures plain, in pages of 1 MiB.
fn plain() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_column_compression(ColumnPath::from("image.bytes"), Compression::UNCOMPRESSED)
        .set_column_dictionary_enabled(ColumnPath::from("image.bytes"), false)
        .set_data_page_size_limit(1 << 20)
        .set_write_batch_size(1)
}

fn open(path: &Path) -> ParquetDataset {
    ParquetDataset::open(&[path.to_owned()], &OpenOptions::default()).unwrap()
}

fn in_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    (folder, path)
}

#[test]
fn a_random_picture_costs_its_page() {
    let (_folder, path) = in_folder();
    let pictures: Vec<_> = (0..96)
        .map(|row| picture(row, 100_000 + row * 3000))
        .collect();
    for has_index in [true, false] {
        write(
            &path,
            &pictures,
            32,
            plain().set_offset_index_disabled(!has_index),
        );
        let set = open(&path);
        let opening = set.bytes_read();
        assert!(opening < 10_000, "{opening}");
        for read in 0..pictures.len() {
            let row = (read * 37 + 11) % pictures.len();
            let before = set.bytes_read();
            assert_eq!(
                set.picture(row).unwrap(),
                Picture::Encoded(pictures[row].clone())
            );
            let beyond = (set.bytes_read() - before).saturating_sub(pictures[row].len() as u64);
            assert!(beyond <= 2 << 20, "{beyond} bytes beyond row {row}");
        }
        // All pages are kept by now.
        let before = set.bytes_read();
        for row in 0..pictures.len() {
            assert!(set.picture(row).is_ok());
        }
        assert_eq!(set.bytes_read(), before);
    }
}

#[test]
fn captions_are_read_without_their_pictures() {
    let (_folder, path) = in_folder();
    let pictures: Vec<_> = (0..64).map(|row| picture(row, 50_000)).collect();
    write(&path, &pictures, 16, plain());
    let set = open(&path);
    for row in (0..64).rev() {
        assert_eq!(*set.captions(row).unwrap(), [format!("a cat {row}")]);
    }
    assert!(set.bytes_read() < 20_000, "{}", set.bytes_read());
    assert_eq!(set.row_name(40).unwrap(), "p40.png");
    assert_eq!(set.blocks(), [0..16, 16..32, 32..48, 48..64]);
}

#[test]
fn threads_read_a_set_together() {
    let (_folder, path) = in_folder();
    let pictures: Vec<_> = (0..64).map(|row| picture(row, 5000)).collect();
    write(
        &path,
        &pictures,
        16,
        plain().set_offset_index_disabled(true),
    );
    let set = open(&path);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (set, pictures) = (&set, &pictures);
            scope.spawn(move || {
                for read in 0..200 {
                    let row = (read * 29 + thread * 7) % 64;
                    let expected = Picture::Encoded(pictures[row].clone());
                    assert_eq!(set.picture(row).unwrap(), expected);
                    assert_eq!(*set.captions(row).unwrap(), [format!("a cat {row}")]);
                }
            });
        }
    });
    // Each page was read once, whoever came first.
    let whole = std::fs::metadata(&path).unwrap().len();
    assert!(
        set.bytes_read() < whole + (whole / 4),
        "{} of {whole}",
        set.bytes_read()
    );
}

/// The number as Thrift's compact protocol writes it.
fn varint(value: i64) -> Vec<u8> {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    let mut bytes = Vec::new();
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes
}

/// A data page's header, its sizes, values and encoding.
fn header(uncompressed: i64, compressed: usize, values: i64, encoding: i64) -> Vec<u8> {
    let mut bytes = vec![0x15, 0x00, 0x15];
    bytes.extend(varint(uncompressed));
    bytes.push(0x15);
    bytes.extend(varint(compressed as i64));
    bytes.extend([0x2c, 0x15]);
    bytes.extend(varint(values));
    bytes.push(0x15);
    bytes.extend(varint(encoding));
    bytes.extend([0x15, 0x06, 0x15, 0x06, 0x00, 0x00]);
    bytes
}

/// Decodes a page of a required column, of 8 bytes more before it, and gives what is wrong with it.
fn refused(header: &[u8], body: &[u8], codec: parquet::basic::CompressionCodec) -> String {
    let (_folder, path) = in_folder();
    let page = [&[0; 8], header, body].concat();
    std::fs::write(&path, &page).unwrap();
    let file = crate::read_at::FileAt::open(&path, true).unwrap();
    let chunk = footer::Chunk {
        start: 8,
        bytes: page.len() as u64 - 8,
        codec,
        index: None,
    };
    let schema = parse_message_type("message m { required binary bytes; }").unwrap();
    let schema = parquet::schema::types::SchemaDescriptor::new(Arc::new(schema));
    let decoded = pages::PageMap::read(&file, &chunk, 3, false).and_then(|map| {
        let (_, run, rows) = map.find(0).unwrap();
        decode::decode(&file, &chunk, &schema.column(0), &map, (run, rows))
    });
    decoded.unwrap_err().to_string()
}

#[test]
fn pages_that_are_not_what_they_say_are_refused_before_room_is_made() {
    use parquet::basic::CompressionCodec::{GZIP, SNAPPY, UNCOMPRESSED, ZSTD};
    let body = [0; 40];
    let largest = i64::from(i32::MAX);
    for codec in [GZIP, SNAPPY, UNCOMPRESSED, ZSTD] {
        let error = refused(&header(largest, 40, 3, 0), &body, codec);
        assert!(
            error.starts_with("a page of 2147483647 bytes is more than"),
            "{error}"
        );
    }
    let error = refused(&header(40, 40, largest, 0), &body, UNCOMPRESSED);
    assert!(error.contains("more values than rows"), "{error}");
    let error = refused(&header(41, 40, 3, 0), &body, UNCOMPRESSED);
    assert!(
        error.contains("a page's size isn't what its header says"),
        "{error}"
    );
    let error = refused(&header(1000, 40, 3, 0), &body, SNAPPY);
    assert!(error.contains("the file is damaged"), "{error}");
    assert!(refused(&header(40, 40, 3, 9), &body, UNCOMPRESSED).contains("the encoding 9"));
    assert!(refused(&header(40, 40, 3, 8), &body, UNCOMPRESSED).contains("no dictionary"));
    assert!(refused(&header(40, 41, 3, 0), &body, UNCOMPRESSED).contains("reaches beyond"));
    assert!(refused(&[0xff; 30], &body, UNCOMPRESSED).contains("a page header is none"));
    assert!(refused(&[0x15], &[], UNCOMPRESSED).contains("a page header has no end"));
}

#[test]
fn a_gzip_page_is_unpacked_as_far_as_its_header_says() {
    use std::io::Write;
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![0; 50 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let codec = parquet::basic::CompressionCodec::GZIP;
    let error = refused(&header(100, bomb.len(), 3, 0), &bomb, codec);
    assert!(
        error.contains("a page's size isn't what its header says"),
        "{error}"
    );
}

#[test]
fn a_count_of_lengths_is_not_believed() {
    // The delta encoding's header: blocks of 128, 4 parts, 2^40 values, the first 0.
    let mut body = vec![0x80, 0x01, 0x04];
    body.extend([0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0x00]);
    let codec = parquet::basic::CompressionCodec::UNCOMPRESSED;
    let bytes = body.len();
    let error = refused(&header(bytes as i64, bytes, 3, 6), &body, codec);
    assert!(
        error.contains("another number of lengths than values"),
        "{error}"
    );
}

#[test]
fn a_page_larger_than_what_is_kept_is_read_once_for_its_rows() {
    let (_folder, path) = in_folder();
    let pictures: Vec<_> = (0..6).map(|row| picture(row, 30_000)).collect();
    let one_page = plain()
        .set_write_batch_size(1024)
        .set_column_encoding(ColumnPath::from("image.bytes"), Encoding::PLAIN);
    write(&path, &pictures, 3, one_page);
    let mut set = open(&path);
    set.pages.pictures = kept::Kept::new(1000);
    let before = set.bytes_read();
    for row in [1, 0, 2, 2, 1] {
        assert_eq!(
            set.picture(row).unwrap(),
            Picture::Encoded(pictures[row].clone())
        );
    }
    let once = set.bytes_read() - before;
    assert!((90_000..95_000).contains(&once), "{once}");
    assert!(set.picture(4).is_ok() && set.picture(0).is_ok());
    assert!(set.bytes_read() - before > 3 * 90_000);
}
