//! An inspection as a page for a browser, in one file.

mod histogram;
mod html;
mod pictures;

use crate::inspection::{Counted, Group, Groups, Inspection, Problems, WordCount};
use crate::text::{in_groups, rows_of};
use crate::wording::{bytes, counted, number, percent};
use crate::{Distribution, Finding, RowName, Severity};
use histogram::histogram;
use html::{Html, escaped};
use pictures::Pictures;

const STYLE: &str = include_str!("style.css");
/// Longer names and captions are cut.
const NAME: usize = 100;
const CAPTION: usize = 200;

impl Inspection {
    /// What was found, as a page that needs no other file and runs no script: below 2 MB, light or
    /// dark as the reader's system is, with small pictures of samples and copies. Text from the set is
    /// shown as text, whatever it holds.
    pub fn to_html(&self) -> String {
        let mut page = Html::default();
        let mut pictures = Pictures::new();
        head(&mut page, self);
        findings(&mut page, self);
        splits(&mut page, self);
        captions(&mut page, self);
        words(&mut page, self);
        picture_figures(&mut page, self);
        copies(&mut page, self, &mut pictures);
        problems(&mut page, "Pictures that can't be read", &self.bad_pictures);
        problems(&mut page, "Captions that can't be read", &self.bad_captions);
        problems(&mut page, "Left out when the set was opened", &self.skipped);
        samples(&mut page, self, &mut pictures);
        page.raw("</body>\n</html>");
        page.text
    }
}

fn head(page: &mut Html, found: &Inspection) {
    let title = escaped(&found.title(), NAME);
    page.raw(format_args!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n\
         <title>{title}: what is in the set</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>"
    ));
    let tokens = found.tokens.as_ref().map(|tokens| tokens.total);
    let tiles = [
        ("rows", Some(found.rows as u64)),
        ("captions", Some(found.captions.total)),
        ("different words", Some(found.words.different as u64)),
        ("tokens", tokens),
        ("readable pictures", Some(found.pictures.readable)),
        (
            "bad pictures",
            Some(found.bad_pictures.count).filter(|count| *count > 0),
        ),
    ];
    page.raw("<div class=\"tiles\">");
    for (what, count) in tiles {
        if let Some(count) = count {
            page.raw(format_args!(
                "<div class=\"card\"><b>{}</b>{what}</div>",
                number(count)
            ));
        }
    }
    page.raw("</div>");
}

fn findings(page: &mut Html, found: &Inspection) {
    page.heading("What training would trip over");
    if found.findings.is_empty() {
        page.raw("<div class=\"card\">Nothing.</div>");
    }
    for finding in &found.findings {
        add_finding(page, finding, found.rows);
    }
}

fn add_finding(page: &mut Html, finding: &Finding, rows: usize) {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let (what, help) = (escaped(&finding.what, 300), escaped(&finding.help, 300));
    let concerned = rows_of(finding, rows);
    page.raw(format_args!(
        "<div class=\"card finding {severity}\"><p><span class=\"badge\">{severity}</span><bdi>{what}</bdi>{concerned}</p>\n\
         <p class=\"quiet\">{help}</p>"
    ));
    if !finding.listed.is_empty() {
        page.raw("<details><summary>the first rows</summary>");
        let rows: Vec<String> = finding.listed.iter().map(row_name).collect();
        page.raw(format_args!(
            "<p class=\"quiet\">{}</p></details>",
            rows.join(", ")
        ));
    }
    page.raw("</div>");
}

fn row_name(row: &RowName) -> String {
    let (split, name) = (escaped(&row.split, NAME), escaped(&row.name, NAME));
    format!(
        "<bdi>{split}</bdi> row {} <code>{name}</code>",
        number(row.row as u64)
    )
}

fn splits(page: &mut Html, found: &Inspection) {
    page.heading("Splits");
    page.raw("<div class=\"card scroll\"><table><tr><th>split</th><th>set</th><th class=\"n\">rows</th><th class=\"n\">captions</th><th class=\"n\">bad pictures</th><th class=\"n\">left out</th></tr>");
    for split in &found.splits {
        let [rows, captions, bad, skipped] = [
            split.rows as u64,
            split.captions,
            split.bad_pictures,
            split.skipped as u64,
        ]
        .map(number);
        page.raw(format_args!(
            "<tr><td><bdi>{}</bdi></td><td><bdi>{}</bdi></td><td class=\"n\">{rows}</td><td class=\"n\">{captions}</td><td class=\"n\">{bad}</td><td class=\"n\">{skipped}</td></tr>",
            escaped(&split.name, NAME),
            escaped(&split.set, NAME)
        ));
    }
    page.raw("</table></div>");
    for leak in &found.leaks {
        page.quiet(&(leak.in_words() + "."));
    }
}

fn captions(page: &mut Html, found: &Inspection) {
    page.heading("Captions");
    let captions = &found.captions;
    page.quiet(&format!("{} are different.", number(captions.different)));
    page.raw("<div class=\"columns\">");
    figure(
        page,
        "Words of a caption",
        captions.words.as_ref(),
        None,
        "",
    );
    if let Some(tokens) = &found.tokens {
        let cut = tokens.positions.map(|positions| {
            let truncated = (
                number(tokens.truncated),
                percent(tokens.truncated, captions.total),
            );
            format!(
                "{} ({}) have more than the model's {positions} positions. ",
                truncated.0, truncated.1
            )
        });
        let unknown = (
            number(tokens.unknown),
            percent(tokens.unknown, tokens.total),
        );
        let told = format!(
            "{}{} tokens ({}) are unknown.",
            cut.unwrap_or_default(),
            unknown.0,
            unknown.1
        );
        figure(
            page,
            "Tokens of a caption",
            tokens.lengths.as_ref(),
            tokens.positions,
            &told,
        );
    }
    figure(
        page,
        "Captions of a picture",
        captions.per_row.as_ref(),
        None,
        "",
    );
    page.raw("</div>");
    if !captions.common.is_empty() {
        page.raw("<h3 style=\"margin-top:1rem\">Said by many rows</h3><div class=\"card\"><table class=\"bars\">");
        for common in &captions.common {
            let share = 100.0 * common.share;
            page.raw(format_args!(
                "<tr><td dir=\"auto\">{}<i style=\"width:{share:.1}%\"></i></td><td class=\"n\">{}</td></tr>",
                escaped(&common.caption, CAPTION),
                number(common.rows)
            ));
        }
        page.raw("</table></div>");
    }
}

fn figure(
    page: &mut Html,
    title: &str,
    found: Option<&Distribution>,
    limit: Option<usize>,
    told: &str,
) {
    let Some(found) = found else { return };
    let range = format!(
        "{} to {}, mean {:.1}, median {}",
        number(found.min.into()),
        number(found.max.into()),
        found.mean,
        number(found.median.into())
    );
    page.raw(format_args!("<div class=\"card\"><h3>{title}</h3>"));
    page.raw(histogram(found, title, limit));
    page.quiet(&range);
    if !told.is_empty() {
        page.quiet(told);
    }
    page.raw("</div>");
}

fn words(page: &mut Html, found: &Inspection) {
    page.heading("Words");
    let words = &found.words;
    let different = match words.is_cut {
        true => format!("more than {}", number(words.different as u64)),
        false => number(words.different as u64),
    };
    page.quiet(&format!(
        "{} words, {different} different ones, {} of which occur once. The most frequent ones:",
        number(words.total),
        number(words.once as u64)
    ));
    word_list(page, &words.frequent);
    if !words.stop_words.is_empty() {
        page.quiet("And of the English words that say little:");
        word_list(page, &words.stop_words);
    }
}

fn word_list(page: &mut Html, words: &[WordCount]) {
    page.raw("<ul class=\"words\">");
    for word in words {
        let (text, count) = (escaped(&word.word, NAME), number(word.count));
        page.raw(format_args!(
            "<li><bdi>{text}</bdi> <span>{count}</span></li>"
        ));
    }
    page.raw("</ul>");
}

fn picture_figures(page: &mut Html, found: &Inspection) {
    let pictures = &found.pictures;
    page.heading("Pictures");
    page.quiet(&format!(
        "{} in all, the largest {}.",
        bytes(pictures.bytes),
        bytes(pictures.largest_file)
    ));
    let kinds = [
        ("transparent", pictures.alpha),
        ("16 bits a channel", pictures.sixteen_bit),
        ("animated", pictures.animated),
        ("turned by EXIF", pictures.turned),
        ("of one colour", pictures.flat),
    ];
    let kinds: Vec<Counted> = kinds
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| Counted {
            what: what.to_owned(),
            count,
        })
        .collect();
    page.raw("<div class=\"columns\">");
    figure(page, "Width in pixels", pictures.widths.as_ref(), None, "");
    figure(
        page,
        "Height in pixels",
        pictures.heights.as_ref(),
        None,
        "",
    );
    for (title, counts) in [
        ("Formats", &pictures.formats),
        ("Colours", &pictures.modes),
        ("Shapes", &pictures.shapes),
        ("Common sizes", &pictures.sizes),
        ("Of these", &kinds),
    ] {
        bars(page, title, counts, pictures.readable);
    }
    page.raw("</div>");
}

fn bars(page: &mut Html, title: &str, counts: &[Counted], all: u64) {
    if counts.is_empty() {
        return;
    }
    page.raw(format_args!(
        "<div class=\"card\"><h3>{title}</h3><table class=\"bars\">"
    ));
    for counted in counts {
        let width = 100.0 * counted.count as f64 / all.max(1) as f64;
        page.raw(format_args!(
            "<tr><td>{}<i style=\"width:{width:.1}%\"></i></td><td class=\"n\">{}</td></tr>",
            escaped(&counted.what, NAME),
            number(counted.count)
        ));
    }
    page.raw("</table></div>");
}

fn copies(page: &mut Html, found: &Inspection, pictures: &mut Pictures) {
    page.heading("The same picture in several rows");
    page.quiet(&format!(
        "By decoded pixels: {}.",
        in_groups(&found.duplicates)
    ));
    groups(page, &found.duplicates, pictures);
    page.heading("Nearly the same picture in several rows");
    page.quiet(&format!(
        "By a perceptual hash and colours: {}. Whether they are copies is for you to say.",
        in_groups(&found.near_duplicates)
    ));
    groups(page, &found.near_duplicates, pictures);
}

fn groups(page: &mut Html, groups: &Groups, pictures: &mut Pictures) {
    page.raw("<div class=\"groups\">");
    for group in &groups.listed {
        add_group(page, group, pictures);
    }
    page.raw("</div>");
    let further = groups.groups - groups.listed.len() as u64;
    if further > 0 {
        page.quiet(&format!("And {}.", counted(further, "further group")));
    }
}

fn add_group(page: &mut Html, group: &Group, pictures: &mut Pictures) {
    let across = match group.splits.len() {
        1 => String::new(),
        _ => "<span class=\"badge warning\">in several splits</span>".to_owned(),
    };
    page.raw(format_args!(
        "<div class=\"card group\"><p>{across}{}</p><div class=\"pictures\">",
        counted(group.rows, "row")
    ));
    group.members.iter().for_each(|row| pictures.add(page, row));
    page.raw("</div></div>");
}

fn problems(page: &mut Html, title: &str, problems: &Problems) {
    if problems.count == 0 {
        return;
    }
    page.heading(title);
    page.raw("<div class=\"card scroll\"><table><tr><th>split</th><th>row</th><th>why</th></tr>");
    for problem in &problems.listed {
        page.raw(format_args!(
            "<tr><td><bdi>{}</bdi></td><td><bdi>{}</bdi></td><td><bdi>{}</bdi></td></tr>",
            escaped(&problem.split, NAME),
            escaped(&problem.description, CAPTION),
            escaped(&problem.reason, 300)
        ));
    }
    page.raw("</table></div>");
    let further = problems.count - problems.listed.len() as u64;
    if further > 0 {
        page.quiet(&format!("And {}.", counted(further, "further row")));
    }
}

fn samples(page: &mut Html, found: &Inspection, pictures: &mut Pictures) {
    if found.samples.is_empty() {
        return;
    }
    page.heading("Samples");
    page.raw("<div class=\"pictures\">");
    pictures.open_all();
    let shown = found.samples.iter().take(pictures::MOST_SAMPLES);
    shown.for_each(|row| pictures.add(page, row));
    page.raw("</div>");
}
