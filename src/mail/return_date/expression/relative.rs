//! Days told from the day of the notice: `tomorrow`, `next week`, `in two weeks`, `KW 33`, `end of August`.

use super::super::lexer::Lexed;
use super::super::vocabulary::Part;
use super::Day;

/// Numbers looked at in "in 3 weeks"; beyond are no absences.
const NUMBER_MAX: u32 = 90;

pub(super) fn day(text: &Lexed, at: usize) -> Option<(Day, usize)> {
    let sense = text.sense(at)?;
    if sense.is(Part::Relative)
        && let Some((phrase, day)) = RELATIVE.iter().find(|(phrase, _)| is_phrase(text, at, phrase))
    {
        return (!is_morning(text, at)).then_some((*day, at + phrase.split(' ').count()));
    }
    if sense.is(Part::Week) {
        // `v. 42`
        let number = at + 1 + usize::from(text.is_mark(at + 1, &['.']));
        let week = text.small_number(number).filter(|week| (1..=53).contains(week))?;
        return Some((Day::Week(week), number + 1));
    }
    if sense.is(Part::Ahead) || sense.is(Part::During) {
        return in_a_while(text, at, sense.is(Part::During));
    }
    if sense.is(Part::EndOf) {
        let month_at =
            (at + 1..at + 4).find(|next| !text.is(*next, Part::EndOfThe) && !text.is_mark(*next, &['\'']))?;
        let month = text.sense(month_at)?.month?;
        return text.small_number(month_at + 1).is_none().then_some((Day::EndOfMonth(month), month_at + 1));
    }
    None
}

/// "Por la mañana", "am Morgen": the time of the day.
fn is_morning(text: &Lexed, at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.word(before));
    matches!(text.word(at), Some("manana" | "morgen")) && matches!(before, Some("la" | "am" | "guten" | "de" | "goede"))
}

/// `in two weeks`, `in 10 Tagen`; with `is_length` `for the next 3 days`.
fn in_a_while(text: &Lexed, at: usize, is_length: bool) -> Option<(Day, usize)> {
    let at = (at + 1..at + 4).find(|next| !text.is(*next, Part::Next))?;
    let number = match text.small_number(at) {
        Some(number) => number,
        None => match text.word(at)? {
            "a" | "one" | "einer" | "einem" | "eine" | "une" | "un" | "una" | "een" | "en" | "um" | "uma" => 1,
            "two" | "zwei" | "deux" | "dos" | "due" | "twee" | "dois" | "duas" | "dwa" | "tva" | "to" => 2,
            "three" | "drei" | "trois" | "tres" | "tre" | "drie" | "trzy" => 3,
            "four" | "vier" | "quatre" | "cuatro" | "quattro" | "quatro" | "fyra" | "fire" | "cztery" => 4,
            _ => return None,
        },
    };
    if !(1..=NUMBER_MAX).contains(&number) {
        return None;
    }
    let day = match text.word(at + 1)? {
        "week" | "weeks" | "woche" | "wochen" | "semaine" | "semaines" | "semana" | "semanas" | "settimana"
        | "settimane" | "weken" | "tygodnie" | "veckor" | "uger" | "uker" => Day::About { days: number * 7 },
        "day" | "days" | "tag" | "tagen" | "tage" | "jour" | "jours" | "dia" | "dias" | "giorno" | "giorni" | "dag"
        | "dagen" | "dagar" | "dage" | "dager" | "dni" => {
            if is_length {
                Day::About { days: number }
            } else {
                Day::In { days: number }
            }
        }
        "month" | "months" | "monat" | "monate" | "monaten" | "mois" | "mes" | "meses" | "mese" | "mesi" | "maand"
        | "maanden" => Day::InMonths(number),
        _ => return None,
    };
    Some((day, at + 2))
}

/// Phrases that tell a day, longer ones before those that they begin with.
pub(in crate::mail::return_date) const RELATIVE: &[(&str, Day)] = &[
    ("day after tomorrow", Day::In { days: 2 }),
    ("start of next week", Day::InWeeks(1)),
    ("beginning of next week", Day::InWeeks(1)),
    ("anfang nachster woche", Day::InWeeks(1)),
    ("debut de semaine prochaine", Day::InWeeks(1)),
    ("semana que viene", Day::InWeeks(1)),
    ("prossima settimana", Day::InWeeks(1)),
    ("settimana prossima", Day::InWeeks(1)),
    ("semaine prochaine", Day::InWeeks(1)),
    ("proxima semana", Day::InWeeks(1)),
    ("przyszlym tygodniu", Day::InWeeks(1)),
    ("nachste woche", Day::InWeeks(1)),
    ("nachster woche", Day::InWeeks(1)),
    ("kommende woche", Day::InWeeks(1)),
    ("volgende week", Day::InWeeks(1)),
    ("nasta vecka", Day::InWeeks(1)),
    ("naeste uge", Day::InWeeks(1)),
    ("neste uke", Day::InWeeks(1)),
    ("next week", Day::InWeeks(1)),
    ("end of the week", Day::EndOfWeek(0)),
    ("end of this week", Day::EndOfWeek(0)),
    ("end of next week", Day::EndOfWeek(1)),
    ("rest of the week", Day::EndOfWeek(0)),
    ("rest of this week", Day::EndOfWeek(0)),
    ("ende der woche", Day::EndOfWeek(0)),
    ("ende dieser woche", Day::EndOfWeek(0)),
    ("diese woche", Day::EndOfWeek(0)),
    ("this week", Day::EndOfWeek(0)),
    ("cette semaine", Day::EndOfWeek(0)),
    ("esta semana", Day::EndOfWeek(0)),
    ("questa settimana", Day::EndOfWeek(0)),
    ("deze week", Day::EndOfWeek(0)),
    ("today", Day::In { days: 0 }),
    ("tomorrow", Day::In { days: 1 }),
    ("heute", Day::In { days: 0 }),
    ("ubermorgen", Day::In { days: 2 }),
    ("uebermorgen", Day::In { days: 2 }),
    ("morgen", Day::In { days: 1 }),
    ("aujourd hui", Day::In { days: 0 }),
    ("apres demain", Day::In { days: 2 }),
    ("demain", Day::In { days: 1 }),
    ("pasado manana", Day::In { days: 2 }),
    ("manana", Day::In { days: 1 }),
    ("hoy", Day::In { days: 0 }),
    ("oggi", Day::In { days: 0 }),
    ("dopodomani", Day::In { days: 2 }),
    ("domani", Day::In { days: 1 }),
    ("vandaag", Day::In { days: 0 }),
    ("overmorgen", Day::In { days: 2 }),
    ("hoje", Day::In { days: 0 }),
    ("amanha", Day::In { days: 1 }),
    ("dzisiaj", Day::In { days: 0 }),
    ("dzis", Day::In { days: 0 }),
    ("jutro", Day::In { days: 1 }),
    ("jutra", Day::In { days: 1 }),
    ("idag", Day::In { days: 0 }),
    ("imorgon", Day::In { days: 1 }),
];

fn is_phrase(text: &Lexed, at: usize, phrase: &str) -> bool {
    phrase.split(' ').enumerate().all(|(number, word)| text.word(at + number) == Some(word))
}
