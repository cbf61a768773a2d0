//! The rules: what a token can look like, and what becomes of it.
//!
//! Groups of characters and words are named in braces. Literal text ignores case unless a rule
//! says otherwise; character classes do not.

use super::action::Action::{self, *};

/// Named parts of the rules. Later ones may use earlier ones.
const PARTS: [(&str, &str); 30] = [
    ("space", r"[ \t\x{a0}\x{2000}-\x{200a}\x{3000}]"),
    ("newline", r"[\r\n\x{2028}\x{2029}\x{b}\x{c}\x{85}]"),
    ("blank", r"(?:{space}|{newline})"),
    // Java's letters end at U+FFFF; marks of the scripts below U+0ECE count as letters.
    ("alpha", r"(?-i:[[\p{L}&&[\x{0}-\x{ffff}]]])"),
    ("entity", r"&[aeiou](?:acute|grave|uml);"),
    (
        "letter",
        r"(?:(?-i:[[\p{L}&&[\x{0}-\x{ffff}]][\p{M}&&[\x{300}-\x{ecd}]]\x{ad}\x{2c2}-\x{2c5}\x{2d2}-\x{2df}\x{2e5}-\x{2ff}\x{384}\x{385}\x{55a}-\x{55f}])|{entity})",
    ),
    ("digit", r"(?-i:[\p{Nd}&&[\x{0}-\x{ffff}]])"),
    ("mark", r"(?:['\x{92}\x{2019}]|&apos;)"),
    ("anymark", r"(?:{mark}|[`\x{91}\x{2018}\x{201b}])"),
    (
        "word",
        r"(?:{letter}(?:{letter}|{digit})*(?:[.!?]{letter}(?:{letter}|{digit})*)*)",
    ),
    ("clitic", r"(?:{mark}(?:[msd]|re|ve|ll))"),
    ("not", r"(?:n{anymark}t)"),
    ("hyphen", r"[-_\x{58a}\x{2010}\x{2011}]"),
    (
        "number",
        r"(?:{digit}+|{digit}*(?:[.:,\x{ad}\x{66b}\x{66c}]{digit}+)+)",
    ),
    (
        "acronym",
        r"(?:(?-i:[A-Za-z])(?:\.(?-i:[A-Za-z]))*|(?:Canada|Sino|Korean|EU|Japan|non)-U\.S|U\.S\.-(?:U\.K|U\.S\.S\.R))",
    ),
    (
        "initials",
        r"(?:(?-i:[A-Za-z])(?:\.(?-i:[A-Za-z]))+|(?:Canada|Sino|Korean|EU|Japan|non)-U\.S|U\.S\.-(?:U\.K|U\.S\.S\.R))",
    ),
    ("months", r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"),
    ("days", r"Mon|Tues?|Wed|Thu|Thurs|Fri"),
    (
        "states",
        r"Ala|Ariz|(?-i:A)z|(?-i:A)rk|Calif|Colo|Conn|Ct|Dak|(?-i:D)el|Fla|Ga|(?-i:I)ll|Ind|Kans?|Ky|(?-i:L)a|(?-i:M)ass|Md|Mich|Minn|(?-i:M)iss|Mo|Mont|Neb|Nev|Okla|(?-i:O)re|(?-i:P)a|Penn|Tenn|(?-i:T)ex|Va|Vt|(?-i:W)ash|Wisc?|Wyo",
    ),
    (
        "firms",
        r"Inc|Cos?|Corp|Pp?t(?-i:[ye])s?|Ltd|Plc|Rt|Bancorp|Bhd|Assn|Univ|Intl|Sys",
    ),
    (
        "other",
        r"tel|est|ext|sq|Jr|Bros|(?:Ed|Ph)\.D|Esq|etc|al|seq|Bldg",
    ),
    (
        "titles",
        r"Mr|Mrs|Ms|(?-i:M)iss|Drs?|Profs?|Sens?|Reps?|Attys?|Lt|Col|Gen|Messrs|Govs?|Adm|Rev|Maj|Sgt|Cpl|Pvt|Capt|Ste?|Ave|Pres|Lieut|Hon|Brig|Co?mdr|Pfc|Spc|Supts?|Det|Mt|Ft|Adj|Adv|Asst|Assoc|Ens|Insp|Mlle|Mme|Msgr|Sfc|Sr",
    ),
    (
        "leading",
        r"vs|Alex|Wm|Jos|Cie|a\.k\.a|cf|TREAS|Ph|Invt|Elec|Natl|M(?-i:[ft])g|Dept|Blvd|Rd",
    ),
    // Words in capitals that mark the end of the sentence before them.
    (
        "openers",
        r"(?-i:A)(?:bout|ccording|dditionally|fter|n|s|t)?|(?-i:B)ut|(?-i:E)arlier|(?-i:H)e(?:re?|r)?|(?-i:H)owever|(?-i:I)[fnt]|(?-i:L)ast|(?-i:M)any|(?-i:M)ore|(?-i:M)[rs]\.|(?-i:N)ow|(?-i:O)nce|(?-i:O)ne|(?-i:O)ther|(?-i:O)ur|(?-i:S)he|(?-i:S)ince|(?-i:S)o|(?-i:S)ome|(?-i:S)uch|(?-i:T)hat|(?-i:T)he(?:ir|n|re|se|y)?|(?-i:T)his|(?-i:W)e|(?-i:W)hen|(?-i:W)hile|(?-i:W)hat|(?-i:Y)et|(?-i:Y)ou",
    ),
    (
        "extensions",
        r"bat|bmp|c|cgi|class|cpp|dll|docx?|exe|gif|gz|h|html?|jar|java|jpe?g|mov|mp3|pdf|php|pl|png|ppt|ps|py|sql|tar|txt|wav|x|xml|zip",
    ),
    ("name", r"(?-i:[A-Za-z][A-Za-z0-9_:.\-]*)"),
    (
        "tag",
        r#"<(?:[!?](?-i:[A-Za-z\-])[^>\r\n]*|{name}(?: +(?:{name}|{name} *= *(?:'[^'\r\n]*'|"[^"\r\n]*")))* */?|/{name}) *>"#,
    ),
    // Two characters to Java.
    ("astral", r"[\x{10000}-\x{10ffff}]"),
    ("ascii", r"(?-i:[A-Za-z0-9])"),
    ("latin", r"(?-i:[A-Za-z])"),
];

/// All rules, the first of equals first.
pub(super) fn rules() -> Vec<(String, Action)> {
    let groups = [
        words(),
        links_and_numbers(),
        abbreviations(),
        symbols(),
        compounds(),
        rest(),
    ];
    let rules = groups.into_iter().flatten();
    rules
        .map(|(pattern, action)| (expand(pattern), action))
        .collect()
}

/// Puts parts in for their names.
fn expand(pattern: &str) -> String {
    let mut pattern = format!("(?i:{pattern})");
    for (name, part) in PARTS.iter().rev() {
        pattern = pattern.replace(&format!("{{{name}}}"), &format!("(?:{part})"));
    }
    pattern
}

type Rules = Vec<(&'static str, Action)>;

fn words() -> Rules {
    vec![
        (r"c\+\+|[cf]#|C#|F#", Keep),
        (r"cannot|'twas", SplitLast(3)),
        (r"'tis|gonna|gotta|lemme|gimme|wanna", SplitLast(2)),
        (r"{tag}", Keep),
        (
            r"&(?:MD|mdash|ndash);|[\x{96}\x{97}\x{2013}-\x{2015}]",
            Drop,
        ),
        (r"&amp;", Become("&")),
        (r"&(?:HT|TL|UR|LR|QC|QL|QR|odq|cdq|#[0-9]+);", Keep),
        (r"{word}{clitic}", BeforeApostrophe(0)),
        (
            r"(?-i:[A-Za-z\x{ad}]*[A-MO-Za-mo-z]\x{ad}*){not}",
            BeforeApostrophe(1),
        ),
        (r"{word}", Word(0)),
        (
            r"{mark}n{mark}?|[ldj]{mark}|(?:Dunkin|somethin|ol){mark}|{mark}em",
            Keep,
        ),
        (r"(?-i:[A-HJ-XZn]){anymark}{alpha}{alpha}+", Keep),
        (
            r"{alpha}+(?-i:[aeiouyAEIOUY]){anymark}(?-i:[aeiouA-Z]){alpha}*",
            Keep,
        ),
        (r"{mark}[2-9]0s|{mark}till?|{mark}cause|cont'd\.?", Keep),
        (r"nor'easter|c'mon|e'er|s'mores|ev'ry|li'l|nat'l", Keep),
        (r"y{mark}{alpha}", Before(1)),
    ]
}

fn links_and_numbers() -> Rules {
    vec![
        (
            r#"https?://(?:[^ \t\n\x{c}\r"<>|(){}]+[^ \t\n\x{c}\r"<>|.!?(){},\-]|{astral})"#,
            Keep,
        ),
        (
            r#"(?:www\.(?:[^ \t\n\x{c}\r"<>|.!?(){},]+\.)+{latin}{2,4}|(?:(?-i:[^ \t\n\x{c}\r"`'<>|!?(){}$,-_])+\.)+(?:com|net|org|edu))(?:/(?:[^ \t\n\x{c}\r"<>|()]+[^ \t\n\x{c}\r"<>|.!?(){},\-]|{astral}))?"#,
            Keep,
        ),
        (
            r#"(?:&lt;|<)?{ascii}[^ \t\n\x{c}\r"<>|()\x{a0}{}]*@(?:[^ \t\n\x{c}\r"<>|(){}.\x{a0}]+\.)*[^ \t\n\x{c}\r"<>|(){}.\x{a0}]+(?:&gt;|>)?"#,
            Keep,
        ),
        (r"@(?-i:[a-zA-Z_][a-zA-Z_0-9]*)|#{letter}+", Keep),
        (r"{clitic}(?-i:[^A-Za-z])", Quotes(1)),
        (r"{not}(?-i:[^A-Za-z])", Quotes(1)),
        (r"{digit}{1,2}[\-/]{digit}{1,2}[\-/]{digit}{2,4}", Keep),
        (r"[\-+]?{number}", Word(0)),
        (
            r"[\x{207a}\x{207b}\x{208a}\x{208b}]?(?:[\x{2070}\x{b9}\x{b2}\x{b3}\x{2074}-\x{2079}]+|[\x{2080}-\x{2089}]+)",
            Keep,
        ),
        (
            r"(?:{digit}{1,4}[\- \x{a0}])?{digit}{1,4}(?:\\?/|\x{2044}){digit}{1,4}",
            Keep,
        ),
        (r"\x{bc}", Become("1/4")),
        (r"\x{bd}", Become("1/2")),
        (r"\x{be}", Become("3/4")),
        (r"\x{2153}", Become("1/3")),
        (r"\x{2154}", Become("2/3")),
        (r"[\x{2155}-\x{215e}]", Keep),
        (r"-(?:RRB|LRB|RCB|LCB|RSB|LSB)-|C\.D\.s|pro-|anti-", Keep),
        (
            r"S(?:&|&amp;)P-500|S(?:&|&amp;)Ls|Cap{mark}n|c{mark}est",
            Company(0),
        ),
        (
            r"{ascii}+(?:-{latin}+){0,2}(?:\\?/{ascii}+(?:-{latin}+){0,2}){1,2}",
            Keep,
        ),
        (r"(?-i:[A-Z]*)\$|#", Keep),
        (r"\x{a2}", Become("cents")),
        (r"\x{a3}", Become("#")),
        (r"[\x{80}\x{a4}\x{20a0}\x{20ac}]", Become("$")),
        (
            r"[\x{a5}\x{60b}\x{e3f}\x{20a4}\x{ffe0}\x{ffe1}\x{ffe5}\x{ffe6}]",
            Keep,
        ),
    ]
}

fn abbreviations() -> Rules {
    vec![
        (
            r"(?-i:[A-Za-z])\.{blank}+(?:{openers}|{tag}){blank}",
            FirstCharacter,
        ),
        (
            r"(?:ca|figs?|prop|nos?|art|pp|op)\.{blank}?{digit}",
            ThroughPeriod,
        ),
        (
            r"(?s:(?:{months}|{days}|{states}|{firms}|{other})\...)",
            Before(2),
        ),
        (r"(?:{months}|{days}|{states}|{firms}|{other})\.", Keep),
        (r"(?:{titles}|{leading}|{acronym})\.", Keep),
        (r"{mark}[0-9][0-9]{blank}", Before(1)),
        (
            r"(?:{alpha}|{digit})+(?:\.(?:{alpha}|{digit})+)*\.(?:{extensions})(?:{blank}|[.?!,])",
            Before(1),
        ),
        (r"{word}\.[,;:\x{3001}]", Word(1)),
        (
            r"(?:\([0-9]{2,3}\)[ \x{a0}]?|(?:\+\+?)?(?:[0-9]{2,4}[\- \x{a0}])?[0-9]{2,4}[\- \x{a0}])[0-9]{3,4}[\- \x{a0}]?[0-9]{3,5}|(?:(?:\+\+?)?[0-9]{2,4}\.)?[0-9]{2,4}\.[0-9]{3,4}\.[0-9]{3,5}",
            Parentheses(0),
        ),
    ]
}

fn symbols() -> Rules {
    vec![
        (r#"(?-i:"|&quot;)"#, Drop),
        (r"&quot;", Keep),
        (r"<|&lt;", Become("<")),
        (r">|&gt;", Become(">")),
        (
            r"[<>]?[:;=](?-i:[\-o*']?[()DPdpO\\{@|\[\]])(?-i:[^A-Za-z0-9])",
            Parentheses(1),
        ),
        (
            r"[\^x=~<>]\.\[\^x=~<>\]|[\-\^x=~<>']_[\-\^x=~<>']|\([\-\^x=~<>'][_.]?[\-\^x=~<>']\)|\([\^x=~<>']-[\^x=~<>'`]\)",
            Parentheses(0),
        ),
        (r"\{", Become("-lcb-")),
        (r"\}", Become("-rcb-")),
        (r"\[", Become("-lsb-")),
        (r"\]", Become("-rsb-")),
        (r"\(", Become("-lrb-")),
        (r"\)", Become("-rrb-")),
        (r"-{1,4}", Drop),
        (r"-+", Keep),
        (r"\.{3,5}|(?:\.[ \x{a0}]){2,4}\.|[\x{85}\x{2026}]", Drop),
        (r"@+|#+|_+|\*+|(?:\\\*){1,3}", Keep),
        (r"[,;:.]", Drop),
        (r"\x{3001}|[?!]+", Keep),
        (
            r"[\x{a1}\x{bf}\x{37e}\x{589}\x{61f}\x{6d4}\x{700}-\x{702}\x{7fa}\x{3002}]",
            Keep,
        ),
        (r"=|/", Keep),
    ]
}

fn compounds() -> Rules {
    vec![
        (
            r"{ascii}(?-i:[A-Za-z0-9.,\x{ad}]*)(?:-(?:(?-i:[A-Za-z0-9\x{ad}]+)|{initials}\.))+",
            Word(0),
        ),
        (
            r"{ascii}(?-i:[A-Za-z0-9.,\x{ad}]*)(?:-(?:(?-i:[A-Za-z0-9\x{ad}]+)|{initials}\.))+\.[,;:\x{3001}]",
            Word(1),
        ),
        (
            r"(?:[dol]{anymark}(?:{alpha}|{digit}))?(?:{alpha}|{digit})+(?:{hyphen}(?:[dol]{anymark}(?:{alpha}|{digit}))?(?:{alpha}|{digit})+)*",
            Keep,
        ),
        (
            r"(?:[dol]{anymark}(?:{alpha}|{digit}))?(?:{alpha}|{digit})+(?:{hyphen}(?:[dol]{anymark}(?:{alpha}|{digit}))?(?:{alpha}|{digit})+)*\.[,;:\x{3001}]",
            Before(1),
        ),
        (r"(?-i:[A-Z]+)(?:(?:[+&]|&amp;)(?-i:[A-Z]+))+", Company(0)),
        (
            r"(?-i:[A-Z]+)(?:(?:[+&]|&amp;)(?-i:[A-Z]+))+\.[,;:\x{3001}]",
            Company(1),
        ),
    ]
}

fn rest() -> Rules {
    vec![
        (r"'{latin}[^ \t\n\r\x{a0}]", FirstCharacter),
        (r"{clitic}", Quotes(0)),
        (
            r"{mark}|''|[`\x{2018}-\x{201f}\x{82}\x{84}\x{91}-\x{94}\x{2039}\x{203a}\x{ab}\x{bb}]{1,2}",
            Quotes(0),
        ),
        (r"<<|>>", Keep),
        (
            r"[+%&~\^|\\\x{a6}\x{a7}\x{a8}\x{a9}\x{ac}\x{ae}\x{af}\x{b0}-\x{ba}\x{d7}\x{f7}\x{387}\x{5be}\x{5c0}\x{5c3}\x{5c6}\x{5f3}\x{5f4}\x{600}-\x{603}\x{606}-\x{60a}\x{60c}\x{614}\x{61b}\x{61e}\x{66a}\x{66d}\x{703}-\x{70d}\x{7f6}-\x{7f8}\x{964}\x{965}\x{e4f}\x{1fbd}\x{2016}\x{2017}\x{2020}-\x{2023}\x{2030}-\x{2038}\x{203b}\x{203e}-\x{2042}\x{2044}\x{207a}-\x{207f}\x{208a}-\x{208e}\x{2100}-\x{214f}\x{2190}-\x{2bff}\x{3012}\x{30fb}\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff20}\x{ff3b}-\x{ff40}\x{ff5b}-\x{ff65}]",
            Keep,
        ),
        (
            r"\x{0}|{space}+|{newline}|&nbsp;|[\x{200b}\x{200e}\x{200f}\x{feff}]",
            Drop,
        ),
    ]
}
