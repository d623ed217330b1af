//! One spelling of a text, so that a cue is found however it is written: lower case, without accents, words apart by one space.

/// Folds one character; true where it is part of a word. What is invisible (combining marks, zero-width signs) adds nothing and
/// ends no word.
pub(in crate::mail) fn fold(c: char, into: &mut String) -> Folding {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() {
            into.push(c.to_ascii_lowercase());
            Folding::Word
        } else {
            Folding::Gap
        };
    }
    if let Some(plain) = latin(c) {
        into.push_str(plain);
        return Folding::Word;
    }
    match c {
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => Folding::Nothing,
        // The letters and digits of full width, as typed in Japan and China.
        '\u{ff01}'..='\u{ff5e}' => {
            let narrow = char::from_u32(u32::from(c) - 0xfee0).unwrap_or(' ');
            fold(narrow, into)
        }
        _ if c.is_alphanumeric() => {
            into.extend(c.to_lowercase().map(without_accent));
            Folding::Word
        }
        _ => Folding::Gap,
    }
}

/// What a character is to the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mail) enum Folding {
    Word,
    Gap,
    Nothing,
}

/// Letters that stand without spaces between the words: Chinese, Japanese, and Korean with its endings.
pub(in crate::mail) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '々')
}

/// The whole text in one spelling: ` i am out of the office `, with a space at both ends. Adverbs that only fill are left out,
/// so that "I am currently out" and "I am out" are one cue. Only the first `bytes_max` bytes are looked at.
pub(in crate::mail) fn folded(text: &str, bytes_max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(bytes_max) + 2);
    out.push(' ');
    let mut word_at = out.len();
    for (at, c) in text.char_indices() {
        if at >= bytes_max {
            break;
        }
        if fold(c, &mut out) == Folding::Gap {
            end_word(&mut out, &mut word_at);
        }
    }
    end_word(&mut out, &mut word_at);
    out
}

fn end_word(out: &mut String, word_at: &mut usize) {
    if out.len() == *word_at {
        return;
    }
    if out.get(*word_at..).is_some_and(is_filler) {
        out.truncate(*word_at);
        return;
    }
    out.push(' ');
    *word_at = out.len();
}

/// Adverbs between the verb and what matters. Only long ones, so that no word of another language is hit.
pub(in crate::mail) fn is_filler(word: &str) -> bool {
    (6..=15).contains(&word.len())
        && matches!(
            word,
            "currently"
                | "presently"
                | "temporarily"
                | "unfortunately"
                | "aktuell"
                | "derzeit"
                | "derzeitig"
                | "momentan"
                | "zurzeit"
                | "gegenwartig"
                | "vorubergehend"
                | "leider"
                | "actuellement"
                | "presentement"
                | "malheureusement"
                | "momentanement"
                | "actualmente"
                | "lamentablemente"
                | "temporalmente"
                | "desafortunadamente"
                | "attualmente"
                | "purtroppo"
                | "momentaneamente"
                | "temporaneamente"
                | "momenteel"
                | "helaas"
                | "tijdelijk"
                | "atualmente"
                | "infelizmente"
                | "temporariamente"
                | "presentemente"
                | "obecnie"
                | "aktualnie"
                | "niestety"
                | "chwilowo"
                | "tymczasowo"
                | "tyvarr"
                | "desvaerre"
                | "dessverre"
                | "midlertidigt"
                | "midlertidig"
                | "tillfalligt"
                | "bohuzel"
                | "aktualne"
                | "momentalne"
        )
}

/// Latin letters with accents, and those of more than one letter.
fn latin(c: char) -> Option<&'static str> {
    Some(match c {
        'à'..='å' | 'À'..='Å' | 'ā' | 'Ā' | 'ă' | 'Ă' | 'ą' | 'Ą' | 'ª' => "a",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'ç' | 'Ç' | 'ć' | 'Ć' | 'č' | 'Č' => "c",
        'ď' | 'Ď' | 'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'è'..='ë' | 'È'..='Ë' | 'ē' | 'Ē' | 'ė' | 'Ė' | 'ę' | 'Ę' | 'ě' | 'Ě' => "e",
        'ğ' | 'Ğ' => "g",
        'ì'..='ï' | 'Ì'..='Ï' | 'ī' | 'Ī' | 'ı' | 'İ' => "i",
        'ĺ' | 'Ĺ' | 'ľ' | 'Ľ' | 'ł' | 'Ł' => "l",
        'ñ' | 'Ñ' | 'ń' | 'Ń' | 'ň' | 'Ň' => "n",
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' | 'ō' | 'Ō' | 'ő' | 'Ő' | 'º' => "o",
        'ŕ' | 'Ŕ' | 'ř' | 'Ř' => "r",
        'ś' | 'Ś' | 'ş' | 'Ş' | 'š' | 'Š' | 'ș' | 'Ș' => "s",
        'ß' => "ss",
        'ţ' | 'Ţ' | 'ť' | 'Ť' | 'ț' | 'Ț' => "t",
        'ù'..='ü' | 'Ù'..='Ü' | 'ū' | 'Ū' | 'ů' | 'Ů' | 'ű' | 'Ű' => "u",
        'ý' | 'ÿ' | 'Ý' | 'Ÿ' => "y",
        'ź' | 'Ź' | 'ż' | 'Ż' | 'ž' | 'Ž' => "z",
        _ => return None,
    })
}

/// Greek and Cyrillic letters without the marks that a decomposed text has apart.
fn without_accent(c: char) -> char {
    match c {
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' => 'ι',
        'ό' => 'ο',
        'ύ' | 'ϋ' | 'ΰ' => 'υ',
        'ώ' => 'ω',
        'ς' => 'σ',
        'ё' => 'е',
        'й' => 'и',
        'ї' => 'і',
        _ => c,
    }
}
