//! An inspection as text for a terminal.

use std::fmt::Write;

use crate::inspection::{Counted, Groups, Inspection, Problems};
use crate::wording::{bytes, counted, number, percent, shortened};
use crate::{Distribution, Finding, RowName, Severity};

/// Rows that are named for each finding, and bad rows.
const NAMED: usize = 3;
const BAD: usize = 10;

impl Inspection {
    /// What was found, as text for a terminal: figures, then bad rows, then the findings. Whatever the
    /// set's own texts hold, they stay on their line.
    pub fn to_text(&self) -> String {
        let mut text = Text(String::new());
        text.splits(self);
        text.captions(self);
        text.pictures(self);
        text.copies(self);
        text.problems("bad pictures", &self.bad_pictures);
        text.problems("bad captions", &self.bad_captions);
        text.problems("left out at opening", &self.skipped);
        text.findings(&self.findings, self.rows);
        text.0
    }
}

/// A report in the making.
struct Text(String);

impl Text {
    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing to a string can't fail.
        let _ = writeln!(self.0, "{name:<20} {value}");
    }

    fn more(&mut self, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{value}");
    }

    fn splits(&mut self, found: &Inspection) {
        self.line("set", shortened(&found.title(), 200));
        self.line("rows", number(found.rows as u64));
        for split in &found.splits {
            let (rows, captions) = (
                counted(split.rows as u64, "row"),
                counted(split.captions, "caption"),
            );
            self.line(
                &format!("  {}", shortened(&split.name, 17)),
                format!("{rows}, {captions}"),
            );
        }
    }

    fn distribution(&mut self, name: &str, distribution: Option<&Distribution>) {
        if let Some(d) = distribution {
            let (min, max) = (number(d.min.into()), number(d.max.into()));
            let (median, high) = (number(d.median.into()), number(d.percentile_95.into()));
            let mean = d.mean;
            self.line(
                name,
                format!("{min} to {max}, mean {mean:.1}, median {median}, 95 % up to {high}"),
            );
        }
    }

    fn captions(&mut self, found: &Inspection) {
        let captions = &found.captions;
        self.line(
            "captions",
            format!(
                "{}, {} different",
                number(captions.total),
                number(captions.different)
            ),
        );
        self.distribution("  of a picture", captions.per_row.as_ref());
        self.distribution("  words", captions.words.as_ref());
        if let Some(tokens) = &found.tokens {
            self.distribution("  tokens", tokens.lengths.as_ref());
            if let Some(positions) = tokens.positions {
                let cut = format!("{} of {positions} positions", number(tokens.truncated));
                self.line(
                    "  too long",
                    format!("{cut} ({})", percent(tokens.truncated, captions.total)),
                );
            }
            let share = percent(tokens.unknown, tokens.total);
            self.line(
                "  unknown tokens",
                format!("{} ({share})", number(tokens.unknown)),
            );
        }
        let words = &found.words;
        let (different, once) = (number(words.different as u64), number(words.once as u64));
        self.line(
            "vocabulary",
            format!("{different} words, {once} of them once"),
        );
        let frequent = words.frequent.iter().take(12);
        let frequent: Vec<String> = frequent
            .map(|word| format!("{} {}", word.word, number(word.count)))
            .collect();
        if !frequent.is_empty() {
            self.line("  frequent", shortened(&frequent.join(", "), 400));
        }
    }

    fn pictures(&mut self, found: &Inspection) {
        let pictures = &found.pictures;
        let size = format!(
            "{} in all, the largest {}",
            bytes(pictures.bytes),
            bytes(pictures.largest_file)
        );
        self.line(
            "pictures",
            format!("{} readable, {size}", number(pictures.readable)),
        );
        self.distribution("  width", pictures.widths.as_ref());
        self.distribution("  height", pictures.heights.as_ref());
        self.counts("  formats", &pictures.formats);
        self.counts("  colours", &pictures.modes);
        self.counts("  shapes", &pictures.shapes);
        let further = [
            ("transparent", pictures.alpha),
            ("16 bit", pictures.sixteen_bit),
            ("animated", pictures.animated),
            ("turned by EXIF", pictures.turned),
            ("of one colour", pictures.flat),
        ];
        let further = further.map(|(what, count)| Counted {
            what: what.to_owned(),
            count,
        });
        self.counts("  of these", &further);
    }

    fn counts(&mut self, name: &str, counts: &[Counted]) {
        let some = counts.iter().filter(|counted| counted.count > 0);
        let some: Vec<String> = some
            .map(|c| format!("{} {}", c.what, number(c.count)))
            .collect();
        if !some.is_empty() {
            self.line(name, some.join(", "));
        }
    }

    fn copies(&mut self, found: &Inspection) {
        for (name, groups) in [
            ("same picture", &found.duplicates),
            ("nearly the same", &found.near_duplicates),
        ] {
            self.line(name, in_groups(groups));
        }
        for leak in &found.leaks {
            self.line("leak", leak.in_words());
        }
    }

    fn problems(&mut self, name: &str, problems: &Problems) {
        if problems.count == 0 {
            return;
        }
        self.line(name, number(problems.count));
        for problem in problems.listed.iter().take(BAD) {
            self.more(format_args!(
                "  {}: {}",
                shortened(&problem.description, 300),
                shortened(&problem.reason, 300)
            ));
        }
        let further = problems.count.saturating_sub(BAD as u64);
        if further > 0 {
            self.more(format_args!("  ... and {} more", number(further)));
        }
    }

    fn findings(&mut self, findings: &[Finding], rows: usize) {
        self.more("");
        if findings.is_empty() {
            self.more("Nothing that training would trip over.");
        }
        for finding in findings {
            let severity = match finding.severity {
                Severity::Error => "ERROR",
                Severity::Warning => "WARNING",
                Severity::Note => "note",
            };
            self.more(format_args!(
                "{severity:<8} {}{}",
                finding.what,
                rows_of(finding, rows)
            ));
            self.more(format_args!("         {}", finding.help));
            if !finding.listed.is_empty() {
                self.more(format_args!("         {}", named(&finding.listed)));
            }
        }
    }
}

/// How many rows a finding concerns, if it is about rows.
pub(crate) fn rows_of(finding: &Finding, all: usize) -> String {
    match finding.rows {
        0 => String::new(),
        rows => format!(": {} ({})", counted(rows, "row"), percent(rows, all as u64)),
    }
}

pub(crate) fn in_groups(groups: &Groups) -> String {
    let found = match groups.groups {
        0 => "none".to_owned(),
        number_of => format!(
            "{} in {}",
            counted(groups.rows, "row"),
            counted(number_of, "group")
        ),
    };
    match groups.is_complete {
        true => found,
        false => found + ", and more: too many are alike to compare each with each",
    }
}

fn named(rows: &[RowName]) -> String {
    let name = |row: &RowName| {
        let (split, name) = (shortened(&row.split, 40), shortened(&row.name, 80));
        format!("{split} row {} `{name}`", row.row)
    };
    let first: Vec<String> = rows.iter().take(NAMED).map(name).collect();
    let ending = if rows.len() > NAMED { ", ..." } else { "" };
    first.join(", ") + ending
}
