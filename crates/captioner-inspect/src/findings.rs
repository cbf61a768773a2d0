//! What training would trip over.

use serde::Serialize;

use crate::rows::Rows;
use crate::scan::Facts;
use crate::scan::examples::{Examples, Failures};
use crate::scan::pictures::{LONG, SMALL};
use crate::wording::{counted, number, percent, shortened};
use crate::{Inspection, RowName};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Training stops there, unless bad rows are skipped.
    Error,
    /// Training goes on, and the model or its scores are worse, or better than they should be.
    Warning,
    /// Good to know.
    Note,
}

/// Something that training would trip over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What is so.
    pub what: String,
    /// How many rows it concerns.
    pub rows: u64,
    /// The first of them.
    pub listed: Vec<RowName>,
    /// What follows from it, and what helps.
    pub help: String,
}

use Severity::{Error, Note, Warning};

/// Shares of unknown tokens above this are a warning.
const MANY_UNKNOWN: f64 = 0.01;

/// Everything that was found, the worst first, and of the same severity in the order in which it is
/// looked for.
pub(crate) fn findings(facts: &Facts, found: &Inspection, rows: &Rows<'_>) -> Vec<Finding> {
    let mut list = List {
        rows,
        found: Vec::new(),
    };
    list.unusable(facts, found);
    list.leaks(found);
    list.copies(found);
    list.captions(facts, found);
    list.tokens(facts, found);
    list.pictures(facts);
    list.found.sort_by_key(|finding| finding.severity); // keeps the order of equal ones
    list.found
}

struct List<'a> {
    rows: &'a Rows<'a>,
    found: Vec<Finding>,
}

impl List<'_> {
    fn add(&mut self, severity: Severity, what: &str, examples: &Examples, help: &str) {
        let listed = self.rows.names(&examples.rows);
        self.add_rows(severity, what, examples.count, listed, help);
    }

    fn add_failures(&mut self, severity: Severity, what: &str, failures: &Failures, help: &str) {
        let rows: Vec<u32> = failures.rows.iter().take(20).map(|(row, _)| *row).collect();
        let listed = self.rows.names(&rows);
        self.add_rows(severity, what, failures.count, listed, help);
    }

    fn add_rows(
        &mut self,
        severity: Severity,
        what: &str,
        rows: u64,
        listed: Vec<RowName>,
        help: &str,
    ) {
        if rows > 0 {
            self.found.push(Finding {
                severity,
                what: what.to_owned(),
                rows,
                listed,
                help: help.to_owned(),
            });
        }
    }

    /// Something that no row is to blame for.
    fn add_plain(&mut self, severity: Severity, what: String, help: &str) {
        self.found.push(Finding {
            severity,
            what,
            rows: 0,
            listed: Vec::new(),
            help: help.to_owned(),
        });
    }

    fn unusable(&mut self, facts: &Facts, found: &Inspection) {
        for split in found.splits.iter().filter(|split| split.rows == 0) {
            let what = format!("The split `{}` has no row", shortened(&split.name, 60));
            self.add_plain(Error, what, "There is nothing to train on or to evaluate with: add rows, or leave the split out.");
        }
        let help = "Training stops at the first of them: mend or remove these rows, or have bad rows skipped.";
        let (captions, pictures) = (&facts.captions, &facts.pictures);
        self.add_failures(Error, "The picture can't be read", &pictures.bad, help);
        self.add_failures(
            Error,
            "The captions can't be read",
            &captions.unreadable,
            help,
        );
        self.add(Error, "There is no caption", &captions.none, help);
        self.add(Error, "A caption is empty", &captions.empty, help);
        let what = "The tokenizer refuses a caption";
        self.add_failures(Error, what, &captions.tokens.failed, help);
        self.add_rows(
            Warning,
            "Left out when the set was opened",
            found.skipped.count,
            Vec::new(),
            "The list of bad rows says why.",
        );
    }

    fn leaks(&mut self, found: &Inspection) {
        for leak in &found.leaks {
            let [first, second] = [&leak.first, &leak.second].map(|name| shortened(name, 60));
            let too = format!("Pictures of `{second}` are in `{first}` too");
            let what = match (leak.same, leak.near) {
                (_, 0) => too,
                (0, _) => format!("Pictures of `{second}` are nearly those of `{first}`"),
                (_, near) => format!("{too}, {} of them nearly the same", number(near)),
            };
            let help = "A model that has learnt them by heart scores better than it is: keep each picture in one split alone.";
            self.add_rows(
                Warning,
                &what,
                leak.same + leak.near,
                leak.listed.clone(),
                help,
            );
        }
    }

    fn copies(&mut self, found: &Inspection) {
        for (groups, what, help) in [
            (
                &found.duplicates,
                "The same picture is in several rows",
                "It weighs more than others: put the captions of a picture into one row, or remove the copies.",
            ),
            (
                &found.near_duplicates,
                "Nearly the same picture is in several rows",
                "Look whether they are copies; a split at random puts some of them into both parts.",
            ),
        ] {
            let members = groups.listed.iter().flat_map(|group| &group.members);
            let listed = members.take(20).map(|shown| shown.row.clone()).collect();
            let severity = match groups.rows * 20 > found.rows as u64 {
                true => Warning,
                false => Note,
            };
            self.add_rows(severity, what, groups.rows, listed, help);
        }
    }

    fn captions(&mut self, facts: &Facts, found: &Inspection) {
        self.common_captions(found);
        let captions = &facts.captions;
        self.add(
            Warning,
            "A caption holds a web address, HTML or an entity such as &amp;",
            &captions.markup,
            "The model learns to write them: remove them from the captions.",
        );
        self.add(
            Note,
            "A row says the same twice",
            &captions.repeated,
            "It adds nothing, and weighs more in metrics that count references.",
        );
        self.add(
            Note,
            "Captions say `left` or `right`",
            &captions.sides,
            "Pictures that are flipped at random say the opposite then: leave flipping off for these.",
        );
    }

    fn common_captions(&mut self, found: &Inspection) {
        let common = &found.captions.common;
        let Some(most) = common.first() else { return };
        let share = percent(most.rows, found.rows as u64);
        let said = format!(
            "{share} of the rows say \u{201c}{}\u{201d}",
            shortened(&most.caption, 80)
        );
        let what = match common.len() - 1 {
            0 => said,
            others => {
                let others = counted(others as u64, "other caption");
                format!("{said}, and {others} many rows share too")
            }
        };
        let rows: u64 = common.iter().map(|common| common.rows).sum();
        let rows = rows.min(found.rows as u64); // a row may have several of them
        let help = "The model learns to say it of any picture: write what tells these pictures apart, or keep fewer of them.";
        self.add_rows(Warning, &what, rows, Vec::new(), help);
    }

    fn tokens(&mut self, facts: &Facts, found: &Inspection) {
        let Some(summary) = &found.tokens else { return };
        let tokens = &facts.captions.tokens;
        if let Some(positions) = summary.positions {
            self.add(
                Warning,
                &format!("A caption has more tokens than the model's {positions} positions"),
                &tokens.too_long,
                "Its end is cut off and never learnt: shorten these captions.",
            );
        }
        let many = summary.unknown as f64 > MANY_UNKNOWN * summary.total as f64;
        self.add(
            if many { Warning } else { Note },
            &format!("The tokenizer's vocabulary can't spell {} of the tokens", percent(summary.unknown, summary.total)),
            &tokens.unknown,
            "The model can't learn to say them: write them otherwise, or take a tokenizer for this language.",
        );
        if summary.is_uncased {
            self.add(
                Note,
                "Captions have capitals, and the tokenizer has none",
                &facts.captions.capitals,
                "Generated captions are in small letters: compare them in the tokenizer's spelling.",
            );
        }
    }

    fn pictures(&mut self, facts: &Facts) {
        let pictures = &facts.pictures;
        let rows: [(Severity, &str, &Examples, &str); 7] = [
            (
                Warning,
                "The picture is all of one colour",
                &pictures.flat,
                "There is nothing to see on it: look whether it was saved wrongly.",
            ),
            (
                Warning,
                &format!("The shorter edge has fewer than {SMALL} pixels"),
                &pictures.small,
                "It is blurred when it is made larger for the model: take a larger picture where there is one.",
            ),
            (
                Note,
                &format!("One edge is more than {LONG} times as long as the other"),
                &pictures.long,
                "A crop about the centre cuts off most of it: see whether the caption still fits.",
            ),
            (
                Note,
                "The picture is an animation",
                &pictures.animated,
                "Its first frame alone is read, unless the model takes frames.",
            ),
            (
                Note,
                "EXIF says that the picture is to be turned",
                &pictures.turned,
                "It is turned here; Python's transformers reads it as it is stored.",
            ),
            (
                Note,
                "The picture has transparency",
                &pictures.alpha,
                "It is laid over white: what is white itself can't be seen then.",
            ),
            (
                Note,
                "The picture has 16 bits a channel",
                &pictures.sixteen_bit,
                "The upper 8 are read; Pillow clips 16-bit grey, which turns most such pictures white.",
            ),
        ];
        for (severity, what, examples, help) in rows {
            self.add(severity, what, examples, help);
        }
    }
}
