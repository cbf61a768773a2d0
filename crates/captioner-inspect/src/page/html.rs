//! HTML, put together piece by piece; whatever comes from the set passes through [`escaped`].

use std::fmt::{self, Write};

use crate::wording::shortened;

/// A document in the making.
#[derive(Default)]
pub(crate) struct Html {
    pub(crate) text: String,
}

impl Html {
    /// Adds what is HTML already.
    pub(crate) fn raw(&mut self, html: impl fmt::Display) {
        // Writing to a string can't fail.
        let _ = writeln!(self.text, "{html}");
    }

    pub(crate) fn heading(&mut self, text: &str) {
        self.raw(format_args!("<h2>{}</h2>", escaped(text, 200)));
    }

    pub(crate) fn quiet(&mut self, text: &str) {
        self.raw(format_args!(
            "<p class=\"quiet\">{}</p>",
            escaped(text, 500)
        ));
    }
}

/// A text as it stands in HTML, in an element or in an attribute's quotes: of at most `most`
/// characters, on one line.
pub(crate) fn escaped(text: &str, most: usize) -> String {
    let text = shortened(text, most);
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        let text = "<script>alert(\"1\" & '2')</script>\u{0}\n";
        let html = escaped(text, 99);
        assert_eq!(
            html,
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;  "
        );
        assert_eq!(escaped("<<<<", 3), "&lt;&lt;\u{2026}");
    }
}
