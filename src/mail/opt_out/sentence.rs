//! One sentence: the cues of each language in it, and commands.

use super::Tag;
use super::cues::{Cue, LANGUAGES};
use super::near::Cues;
use crate::mail::visible::folded::{Finder, Hit, Sentence};

/// Cues of a sentence that are looked at.
const CUES_MAX: usize = 64;

/// Words that say nothing beside a command.
const FILLERS: &[&str] = &[
    "please",
    "pls",
    "plz",
    "kindly",
    "thanks",
    "thank",
    "you",
    "hi",
    "hello",
    "hey",
    "dear",
    "now",
    "immediately",
    "asap",
    "just",
    "all",
    "it",
    "this",
    "that",
    "ok",
    "me",
    "us",
    "from",
    "your",
    "list",
    "emails",
    "email",
    "mails",
    "at",
    "once",
    "bitte",
    "danke",
    "sofort",
    "mich",
    "uns",
    "umgehend",
    "hallo",
    "mfg",
    "merci",
    "svp",
    "de",
    "la",
    "liste",
    "s",
    "il",
    "vous",
    "plait",
    "bonjour",
    "immediatement",
    "por",
    "favor",
    "gracias",
    "hola",
    "per",
    "grazie",
    "favore",
    "ciao",
    "subito",
    "aub",
    "graag",
    "alstublieft",
    "bedankt",
    "mij",
    "prosze",
    "dziekuje",
    "mnie",
    "tack",
    "snalla",
    "mig",
    "tak",
    "venligst",
    "takk",
    "vennligst",
    "meg",
    "kiitos",
    "prosim",
    "dekuji",
    "пожалуйста",
    "спасибо",
    "lutfen",
    "koszonom",
    "kerem",
    "va",
    "rog",
    "multumesc",
    "obrigado",
    "obrigada",
    "adesso",
    "thx",
    "ty",
];

/// The words of a sentence that are an opt-out.
pub(super) fn of<'a>(sentence: Sentence<'a>, cues: &Finder<Tag>) -> Option<&'a str> {
    let mut hits: Vec<Hit<Tag>> = cues.hits(sentence.text).take(CUES_MAX).collect();
    let has = |cue: Cue| hits.iter().any(|hit| hit.tag.0 == cue);
    let may_be_one = hits.iter().any(|hit| is_deciding(hit.tag.0)) || has(Cue::Not) && has(Cue::Want);
    if !may_be_one {
        return None;
    }
    hits.sort_by_key(|hit| (hit.start, hit.end));
    let found = (0..LANGUAGES.len()).find_map(|language| {
        let hits: Vec<Hit<Cue>> = hits
            .iter()
            .filter(|hit| hit.tag.1 == language)
            .map(|hit| Hit { tag: hit.tag.0, start: hit.start, end: hit.end })
            .collect();
        if hits.is_empty() {
            return None;
        }
        let is_free_order = LANGUAGES.get(language).is_some_and(|language| language.is_free_order);
        Cues { sentence, hits, is_free_order }.opt_out()
    });
    found.or_else(|| command(sentence, &hits))
}

/// Whether a rule can begin with such a cue; without any of them a sentence is done at once.
const fn is_deciding(cue: Cue) -> bool {
    match cue {
        Cue::Phrase
        | Cue::Unsubscribe
        | Cue::Command
        | Cue::Remove
        | Cue::Take
        | Cue::Stop
        | Cue::Contact
        | Cue::Receive
        | Cue::NoMore
        | Cue::No
        | Cue::Law => true,
        Cue::Me
        | Cue::List
        | Cue::Off
        | Cue::Sending
        | Cue::Not
        | Cue::Again
        | Cue::Want
        | Cue::Mails
        | Cue::Hesitate
        | Cue::Until
        | Cue::Third
        | Cue::Feature
        | Cue::Undo
        | Cue::Claim => false,
    }
}

/// A clause that says a command and nothing else.
fn command<'a>(sentence: Sentence<'a>, hits: &[Hit<Tag>]) -> Option<&'a str> {
    let commands = || hits.iter().filter(|hit| matches!(hit.tag.0, Cue::Command | Cue::Unsubscribe));
    if sentence.is_question || commands().next().is_none() {
        return None;
    }
    let mut start = 0;
    sentence.clauses().find_map(|clause| {
        let from = start;
        let to = from + clause.len();
        start = to + 1;
        let says = |hit: &&Hit<Tag>| {
            // "Call me, don't email" is about the way, "Don't email" is not.
            let stands = !is_negative(sentence.text, hit)
                || is_filler(sentence.text.get(..from)) && is_filler(sentence.text.get(to + 1..));
            stands
                && hit.start >= from
                && hit.end <= to
                && is_filler(sentence.text.get(from..hit.start))
                && is_filler(sentence.text.get(hit.end..to))
        };
        commands().find(says).and_then(|hit| sentence.text.get(hit.start..hit.end))
    })
}

fn is_negative(text: &str, hit: &Hit<Tag>) -> bool {
    text.get(hit.start..hit.end).is_some_and(|words| words.starts_with("do ") || words.starts_with("dont "))
}

fn is_filler(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.split_whitespace().all(|word| word == "," || FILLERS.contains(&word)))
}
