//! What can be wrong with a tar shard.

use std::io;
use std::path::PathBuf;

/// What can be wrong with a tar shard. Each message names the file, the place and what helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TarError {
    /// No shard was given.
    #[error("no tar file was given: give at least one")]
    NoShard,

    /// The path leads to a folder or a device.
    #[error("`{}` is not a file: give the path of a tar file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },

    /// A shard can't be read.
    #[error("can't read `{}`: {source}", path.display())]
    Io {
        /// The shard.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// A compressed shard: its members have no place where they could be read at.
    #[error(
        "`{}` is compressed with {by}, and its rows can't be read one by one: unpack it to a plain .tar first, with `{by} -d`", path.display()
    )]
    Compressed {
        /// The shard.
        path: PathBuf,
        /// The program that unpacks it.
        by: &'static str,
    },

    /// What git-lfs leaves in place of a file that was not fetched.
    #[error("`{}` is a git-lfs pointer, not the tar file itself: fetch it with `git lfs pull`", path.display())]
    LfsPointer {
        /// The pointer.
        path: PathBuf,
    },

    /// The file is no tar file.
    #[error("`{}` is not a tar file ({reason}): give a shard such as GNU tar or webdataset's ShardWriter writes", path.display())]
    NotATar {
        /// The file.
        path: PathBuf,
        /// What is wrong with its first header.
        reason: String,
    },

    /// A header can't be read, or means one thing to one reader and another to the next.
    #[error("`{}`: the header at byte {offset} {reason}: fetch or write the file again", path.display())]
    Header {
        /// The shard.
        path: PathBuf,
        /// Where the header begins.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },

    /// The shard ends before its last member does.
    #[error(
        "`{}` is cut off: its member `{name}` at byte {offset} ends at byte {end}, and the file at byte {bytes}: fetch it again", path.display()
    )]
    Cut {
        /// The shard.
        path: PathBuf,
        /// The member's name, or `header`.
        name: String,
        /// Where the member's header begins.
        offset: u64,
        /// Where the member would end.
        end: u64,
        /// The shard's size.
        bytes: u64,
    },

    /// Another archive follows the end of the first.
    #[error(
        "`{}` ends at byte {end}, and another archive begins at byte {offset}, of which no reader would see a row: give them as files of their own, or join them with `tar --concatenate`", path.display()
    )]
    SecondArchive {
        /// The shard.
        path: PathBuf,
        /// Where the first archive ends.
        end: u64,
        /// Where the second begins.
        offset: u64,
    },

    /// The members have more kinds of field than can be meant.
    #[error(
        "`{}` has more than {limit} kinds of field, such as `{example}`: name its members KEY.FIELD, with no dot in KEY", path.display()
    )]
    TooManyFields {
        /// The shard.
        path: PathBuf,
        /// The greatest number allowed.
        limit: usize,
        /// One of them.
        example: String,
    },

    /// The shard is larger than the index can count.
    #[error("`{}` has {bytes} bytes, more than the {limit} that a shard may have: split it", path.display())]
    ShardTooLarge {
        /// The shard.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The largest size allowed.
        limit: u64,
    },

    /// The shard is no longer what it was when it was opened.
    #[error("`{}` has changed since it was opened: open the set again", path.display())]
    Changed {
        /// The shard.
        path: PathBuf,
    },

    /// A sample can't be used.
    #[error("{row}: {problem}")]
    Sample {
        /// Where the sample is: its key, the shard and the row.
        row: String,
        /// What is wrong with it.
        #[source]
        problem: SampleProblem,
    },
}

/// What can be wrong with one sample of a tar shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SampleProblem {
    /// A member is a link, a device, a sparse file or the like.
    #[error("the member `{name}` is {kind}: put the file itself into the shard")]
    NotAFile {
        /// The member.
        name: String,
        /// What it is.
        kind: &'static str,
    },

    /// A member's name is absolute or climbs.
    #[error(
        "the member `{name}` has a name that is absolute or leads outside: name it relative, without `..`"
    )]
    PathOutside {
        /// The member.
        name: String,
    },

    /// A sample has a field twice.
    #[error("the member `{name}` is there twice: remove one, or give the samples different keys")]
    DuplicateField {
        /// The member.
        name: String,
    },

    /// A sample has no picture.
    #[error(
        "there is no picture among its fields {fields}: add one (the members of a sample must follow each other, as with `tar --sort=name`) or remove the sample"
    )]
    NoPicture {
        /// The fields that are there.
        fields: String,
    },

    /// A sample has several pictures.
    #[error(
        "it is unclear which of the fields {fields} is the picture: keep one, or call it `image.png`"
    )]
    SeveralPictures {
        /// The fields that are there.
        fields: String,
    },

    /// A sample has no caption.
    #[error(
        "there is no caption {wanted} among its fields {fields}: add one (the members of a sample must follow each other, as with `tar --sort=name`), choose another column, or remove the sample"
    )]
    NoCaption {
        /// What was looked for.
        wanted: String,
        /// The fields that are there.
        fields: String,
    },

    /// A sample has several captions.
    #[error("it is unclear which of the fields {fields} is the caption: choose the caption column")]
    SeveralCaptions {
        /// The fields that are there.
        fields: String,
    },

    /// A member has no bytes.
    #[error("`{field}` is empty: fill it or remove the sample")]
    Empty {
        /// The member's field.
        field: String,
    },

    /// A member is larger than can be meant.
    #[error(
        "`{field}` has {bytes} bytes or more, above the limit of {limit}: make it smaller or remove the sample"
    )]
    TooLarge {
        /// The member's field.
        field: String,
        /// Its size, as far as the index counts.
        bytes: u64,
        /// The largest size allowed.
        limit: u64,
    },

    /// A caption isn't UTF-8.
    #[error("`{field}` is not UTF-8 text: save it as UTF-8")]
    NotUtf8 {
        /// The member's field.
        field: String,
    },

    /// A `json` field isn't a JSON object.
    #[error(
        "`{field}` is not a JSON object ({reason}): write one such as {{\"caption\": \"a cat\"}}"
    )]
    InvalidJson {
        /// The member's field.
        field: String,
        /// What the parser says.
        reason: String,
    },

    /// A `json` field lacks the caption column.
    #[error("`{field}` has no column {wanted}: choose one of its columns {columns}")]
    NoColumn {
        /// The member's field.
        field: String,
        /// What was looked for.
        wanted: String,
        /// The columns that are there.
        columns: String,
    },

    /// The caption column is neither a string nor a list of strings.
    #[error("`{column}` in `{field}` is {found}: write a string or a list of strings")]
    WrongType {
        /// The member's field.
        field: String,
        /// The column.
        column: String,
        /// What is there.
        found: &'static str,
    },

    /// A caption is longer than can be meant.
    #[error("a caption in `{field}` has {bytes} bytes, more than {limit}: shorten it")]
    CaptionTooLong {
        /// The member's field.
        field: String,
        /// The caption's length.
        bytes: usize,
        /// The greatest length allowed.
        limit: usize,
    },
}
