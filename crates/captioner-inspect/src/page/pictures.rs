//! Rows with their pictures on the page, as far as there is room.

use captioner_report::data_uri;

use super::html::{Html, escaped};
use super::{CAPTION, row_name};
use crate::ShownRow;

/// Samples on the page.
pub(super) const MOST_SAMPLES: usize = 60;
/// The longest side of a picture on the page.
const SIDE: u32 = 128;
/// The bytes of all pictures on the page. Copies leave half of it for the samples, which come last.
const ROOM: usize = 1_200_000;
const CAPTIONS: usize = 2;

/// What is left of the room.
pub(super) struct Pictures {
    used: usize,
    room: usize,
}

impl Pictures {
    /// For the copies.
    pub(super) fn new() -> Self {
        Self {
            used: 0,
            room: ROOM / 2,
        }
    }

    /// For the samples, which come last.
    pub(super) fn open_all(&mut self) {
        self.room = ROOM;
    }

    /// A row: its picture if there is room, its first captions, and where it is.
    pub(super) fn add(&mut self, page: &mut Html, row: &ShownRow) {
        let picture = row
            .picture
            .as_ref()
            .and_then(|picture| data_uri(picture, SIDE));
        let picture = picture.filter(|address| self.used + address.len() <= self.room);
        self.used += picture.as_ref().map_or(0, String::len);
        let first = row.captions.first().map_or("", String::as_str);
        let frame = match &picture {
            Some(address) => format!(
                "<img src=\"{address}\" alt=\"{}\">",
                escaped(first, CAPTION)
            ),
            None => "<span class=\"quiet\">not drawn</span>".to_owned(),
        };
        page.raw(format_args!(
            "<figure><div class=\"frame\">{frame}</div><figcaption>"
        ));
        for caption in row.captions.iter().take(CAPTIONS) {
            page.raw(format_args!(
                "<p dir=\"auto\">{}</p>",
                escaped(caption, CAPTION)
            ));
        }
        page.raw(format_args!(
            "<p class=\"quiet\">{}</p></figcaption></figure>",
            row_name(&row.row)
        ));
    }
}
