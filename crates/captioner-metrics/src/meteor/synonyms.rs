//! Which words can mean the same, by WordNet.

/// What a word can stand for. Two words can mean the same exactly if they share a sense.
///
/// A sense is a pair of dictionary words that stand together in a WordNet synset (or of one word
/// and itself), the smaller number in the upper half.
#[derive(Default)]
pub(super) struct Senses(Vec<u64>);

impl Senses {
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.0.iter().copied()
    }

    /// The senses of a word and of what is left of it without an ending.
    #[cfg(feature = "synonyms")]
    pub(super) fn of(word: &str) -> Self {
        let mut senses = Vec::new();
        let base = table::base_form(word);
        for form in std::iter::once(word).chain(base.as_deref()) {
            senses.extend(table::senses(form));
        }
        senses.sort_unstable();
        senses.dedup();
        Senses(senses)
    }

    #[cfg(not(feature = "synonyms"))]
    pub(super) fn of(_: &str) -> Self {
        Senses::default()
    }
}

#[cfg(feature = "synonyms")]
mod table {
    use std::collections::HashMap;
    use std::sync::LazyLock;

    /// Endings and what takes their place, in the order in which WordNet's `morphy` tries them:
    /// nouns, verbs, adjectives.
    const ENDINGS: [(&str, &str); 20] = [
        ("s", ""),
        ("ses", "s"),
        ("xes", "x"),
        ("zes", "z"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("men", "man"),
        ("ies", "y"),
        ("s", ""),
        ("ies", "y"),
        ("es", "e"),
        ("es", ""),
        ("ed", "e"),
        ("ed", ""),
        ("ing", "e"),
        ("ing", ""),
        ("er", ""),
        ("est", ""),
        ("er", "e"),
        ("est", "e"),
    ];

    /// Base forms and what no ending's removal leads back to them.
    const IRREGULAR: [(&str, &str); 88] = [
        ("be", "am is are was were been"),
        ("have", "has had"),
        ("do", "did done"),
        ("go", "goes went gone"),
        ("arise", "arose arisen"),
        ("awake", "awoke awoken"),
        ("bear", "bore borne"),
        ("beat", "beaten"),
        ("become", "became"),
        ("begin", "began begun"),
        ("bend", "bent"),
        ("bind", "bound"),
        ("bite", "bit bitten"),
        ("blow", "blew blown"),
        ("break", "broke broken"),
        ("bring", "brought"),
        ("build", "built"),
        ("buy", "bought"),
        ("catch", "caught"),
        ("choose", "chose chosen"),
        ("cling", "clung"),
        ("come", "came"),
        ("creep", "crept"),
        ("deal", "dealt"),
        ("dig", "dug"),
        ("draw", "drew drawn"),
        ("drink", "drank drunk"),
        ("drive", "drove driven"),
        ("eat", "ate eaten"),
        ("fall", "fell fallen"),
        ("feed", "fed"),
        ("feel", "felt"),
        ("fight", "fought"),
        ("find", "found"),
        ("fly", "flew flown"),
        ("freeze", "froze frozen"),
        ("get", "got gotten"),
        ("give", "gave given"),
        ("grow", "grew grown"),
        ("hang", "hung"),
        ("hear", "heard"),
        ("hide", "hid hidden"),
        ("hold", "held"),
        ("keep", "kept"),
        ("know", "knew known"),
        ("lay", "laid"),
        ("lead", "led"),
        ("leave", "left"),
        ("lie", "lay lain lying"),
        ("lose", "lost"),
        ("make", "made"),
        ("meet", "met"),
        ("ride", "rode ridden"),
        ("ring", "rang rung"),
        ("rise", "rose risen"),
        ("run", "ran"),
        ("say", "said"),
        ("see", "saw seen"),
        ("sell", "sold"),
        ("send", "sent"),
        ("shake", "shook shaken"),
        ("shine", "shone"),
        ("shoot", "shot"),
        ("sing", "sang sung"),
        ("sit", "sat"),
        ("sleep", "slept"),
        ("speak", "spoke spoken"),
        ("spin", "spun"),
        ("stand", "stood"),
        ("steal", "stole stolen"),
        ("stick", "stuck"),
        ("sweep", "swept"),
        ("swim", "swam swum"),
        ("swing", "swung"),
        ("take", "took taken"),
        ("teach", "taught"),
        ("tell", "told"),
        ("think", "thought"),
        ("throw", "threw thrown"),
        ("tie", "tying"),
        ("wear", "wore worn"),
        ("write", "wrote written"),
        ("child", "children"),
        ("foot", "feet"),
        ("goose", "geese"),
        ("mouse", "mice"),
        ("tooth", "teeth"),
        ("ox", "oxen"),
    ];

    struct Table {
        numbers: HashMap<String, u32, foldhash::fast::RandomState>,
        companions: Vec<Vec<u32>>, // of each word, itself among them
        irregular: HashMap<&'static str, &'static str>,
    }

    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let mut table = Table {
            numbers: HashMap::default(),
            companions: Vec::new(),
            irregular: HashMap::new(),
        };
        for (base, forms) in IRREGULAR {
            table
                .irregular
                .extend(forms.split(' ').map(|form| (form, base)));
        }
        // One dictionary word a line, then the words it shares a synset with, all parted by bars.
        for line in thesaurus_wordnet::uncompress().lines() {
            let words = line.split('|').filter(|word| !word.contains(' '));
            if !line
                .split('|')
                .next()
                .is_some_and(|word| word.contains(' '))
            {
                table.add(words.map(|word| word.trim_matches('"')));
            }
        }
        table
    });

    impl Table {
        fn add<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
            let numbers: Vec<u32> = words.map(|word| self.number(word)).collect();
            if let Some(first) = numbers.first() {
                self.companions[*first as usize].extend(&numbers);
            }
        }

        fn number(&mut self, word: &str) -> u32 {
            if let Some(number) = self.numbers.get(word) {
                return *number;
            }
            let number = self.companions.len() as u32;
            self.numbers.insert(word.to_owned(), number);
            self.companions.push(vec![number]);
            number
        }
    }

    /// The senses of a dictionary word; none if it isn't one.
    pub(super) fn senses(word: &str) -> impl Iterator<Item = u64> {
        let number = TABLE.numbers.get(word).copied();
        number.into_iter().flat_map(|number| {
            let companions = TABLE.companions[number as usize].iter();
            companions.map(move |other| {
                let (low, high) = (number.min(*other), number.max(*other));
                u64::from(low) << 32 | u64::from(high)
            })
        })
    }

    /// The base form of an irregular word, else the first dictionary word that an ending's removal
    /// gives, if need be with a doubled consonant made one.
    pub(super) fn base_form(word: &str) -> Option<String> {
        if let Some(base) = TABLE.irregular.get(word) {
            return Some((*base).to_owned());
        }
        let (stem, behind) = match word.strip_suffix("ful") {
            Some(stem) => (stem, "ful"),
            None => (word, ""),
        };
        if behind.is_empty() && (word.ends_with("ss") || word.len() <= 2) {
            return None;
        }
        let bases = ENDINGS.iter().filter_map(|(ending, instead)| {
            let base = stem.strip_suffix(ending)?;
            Some(format!("{base}{instead}"))
        });
        let is_known = |base: &String| base != stem && TABLE.numbers.contains_key(base);
        let base = bases.clone().find(is_known);
        let base = base.or_else(|| bases.filter_map(single_consonant).find(is_known));
        base.map(|base| base + behind)
    }

    /// `sitt` becomes `sit`.
    fn single_consonant(mut stem: String) -> Option<String> {
        let last = stem.pop()?;
        let doubled = stem.ends_with(last) && last.is_ascii_alphabetic();
        (doubled && !"aeiou".contains(last)).then_some(stem)
    }

    #[cfg(test)]
    mod tests {
        use super::super::Senses;

        fn alike(a: &str, b: &str) -> bool {
            let (a, b) = (Senses::of(a), Senses::of(b));
            a.iter().any(|sense| b.iter().any(|other| other == sense))
        }

        #[test]
        fn words_of_one_synset_are_alike_in_any_form() {
            assert!(alike("bike", "bicycle") && alike("bikes", "bicycle"));
            assert!(alike("was", "are") && alike("running", "run"));
            assert!(alike("car", "automobiles") && alike("automobile", "cars"));
            assert!(!alike("car", "bicycle") && !alike("xyzzy", "xyzzy"));
        }
    }
}
