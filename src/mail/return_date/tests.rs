//! Notices as people write them, a row each: what they say, and which day follows. Unless told otherwise they are written on Monday,
//! 3 August 2026.

use super::Confidence::{High, Low, Medium};
use super::*;
use proptest::prelude::*;
use std::fmt::Write as _;

const ANCHOR: &str = "2026-08-03T10:00:00+02:00";

fn read_at(anchor: &str, subject: &str, text: &str) -> Option<ReturnDate> {
    let mail = Mail { subject: subject.to_owned(), ..Mail::default() };
    of_mail(&mail, text, DateTime::parse_from_rfc3339(anchor).unwrap())
}

type Row = (&'static str, &'static str, &'static str, Confidence);

/// Rows of (what is tried, text, expected date or nothing, confidence).
fn hold(rows: &[Row]) {
    let mut faults = String::new();
    for (description, text, expected, confidence) in rows {
        let found = read_at(ANCHOR, "", text);
        let wanted = expected.parse().ok().map(|date| ReturnDate { date, confidence: *confidence });
        if found != wanted {
            let shown = |found: Option<ReturnDate>| {
                found.map_or("nothing".to_owned(), |found| format!("{} {:?}", found.date, found.confidence))
            };
            writeln!(faults, "{description}: {text:?}\n   found {}, wanted {}", shown(found), shown(wanted)).unwrap();
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

const NONE: &str = "";

#[test]
#[rustfmt::skip]
fn english() {
    hold(&[
        ("back on, ordinal", "I will reply on my return on the 17th August.", "2026-08-17", High),
        ("back on, month first", "I'll be back in the office on August 17.", "2026-08-17", High),
        ("weekday and date", "I will be back on Monday, August 17, 2026.", "2026-08-17", High),
        ("weekday, the, ordinal, of", "Returning Monday the 17th of August.", "2026-08-17", High),
        ("abbreviated", "Back Mon 17 Aug.", "2026-08-17", High),
        ("month with a dot", "I return on Aug. 17th, 2026.", "2026-08-17", High),
        ("ISO", "I am away and back on 2026-08-17.", "2026-08-17", High),
        ("until", "I'm out of the office until August 17, back to normal after.", "2026-08-17", Medium),
        ("until, day first", "Out of the office until 17 August.", "2026-08-17", Medium),
        ("not back until", "I will not be back in the office until 17 August.", "2026-08-17", High),
        ("will not return until", "I will be out of the office starting 08/03/2026 and will not return until 08/17/2026.", "2026-08-17", High),
        ("through", "Away through 14 August.", "2026-08-15", High),
        ("up to and including", "I am on leave up to and including Friday 14 August.", "2026-08-15", High),
        ("until inclusive", "Out of office until 14 August inclusive.", "2026-08-15", High),
        ("from to", "I am out of office from August 3 to August 14, 2026.", "2026-08-15", Medium),
        ("from until", "Out from 2026-08-03 until 2026-08-14", "2026-08-15", Medium),
        ("from through", "I will be on vacation from August 3 through August 14.", "2026-08-15", High),
        ("one month for both", "I'm out of the office August 3-14.", "2026-08-15", Medium),
        ("day first, one month for both", "On annual leave from 3 to 14 August.", "2026-08-15", Medium),
        ("end of July tail", "I'll be on vacation July 27 - August 14, 2026", "2026-08-15", Medium),
        ("between", "I am away between 3rd and 14th August.", "2026-08-15", Medium),
        ("range and back", "I am out 3-14 August and will return on September 1.", "2026-09-01", High),
        ("range, back on Monday", "I am on leave from 3 to 14 August, back on Monday.", "2026-08-17", Medium),
        ("until and back agree", "I am away until Sunday 16 August. I will be back on Monday 17 August.", "2026-08-17", High),
        ("weekday alone", "I'm out of the office until Thursday.", "2026-08-06", Medium),
        ("weekday of today", "I'm back on Monday.", "2026-08-10", Medium),
        ("next Monday", "Back in the office next Monday.", "2026-08-10", Medium),
        ("through Friday", "I am out through Friday.", "2026-08-08", Medium),
        ("short weekday", "Back on Wed.", "2026-08-05", Medium),
        ("tomorrow", "I'll be back tomorrow.", "2026-08-04", Medium),
        ("next week", "I will be back in the office next week.", "2026-08-10", Low),
        ("in two weeks", "I return in two weeks.", "2026-08-17", Low),
        ("today only", "I am out of the office today.", "2026-08-04", Low),
        ("for some days", "I am out of the office for 3 days.", "2026-08-06", Low),
        ("for two weeks", "Out of the office for the next two weeks.", "2026-08-17", Low),
        ("in two months", "Returning in 2 months.", "2026-10-03", Low),
        ("this week", "I am on leave this week.", "2026-08-10", Low),
        ("next week away", "I am out of the office next week.", "2026-08-17", Low),
        ("through next week", "I'm out through the end of next week.", "2026-08-17", Low),
        ("a single day", "I'm out of the office on Friday, August 7.", "2026-08-08", Low),
        ("day alone", "I'll be back on the 17th.", "2026-08-17", Medium),
        ("day and weekday", "I am back on Monday the 17th.", "2026-08-17", Medium),
        ("date first", "On Monday 17 August I'll be back at my desk.", "2026-08-17", High),
        ("from, available again", "From 17 August I am available again.", "2026-08-17", High),
        ("resume", "I will resume work on 17 August.", "2026-08-17", High),
        ("office reopens", "Our office is closed and reopens on Monday, 17 August.", "2026-08-17", High),
        ("label", "Return date: 17 August 2026", "2026-08-17", High),
        ("month over 12 decides", "I'm back on 8/17/2026.", "2026-08-17", High),
        ("day over 12 decides", "I'm back on 17/8/2026.", "2026-08-17", High),
        ("both the same", "I'm back on 9/9/2026.", "2026-09-09", High),
        ("ambiguous", "I'm back on 9/8/2026.", NONE, Low),
        ("ambiguous without year", "Out until 9/8.", NONE, Low),
        ("another date shows the order", "I'm out from 08/03/2026 to 08/14/2026 and back on 08/09/2026.", "2026-08-09", High),
        ("the weekday shows the order", "I'm back on Tuesday 9/8/2026.", "2026-09-08", High),
        ("dots are day first", "Back on 9.9.2026 (I leave at 17.30.)", "2026-09-09", High),
        ("earliest after the cue", "I am away until 10 September; ref 2026-10-01 for the contract.", "2026-09-10", Medium),
        ("no cue", "Our next release is 2026-10-01.", NONE, Low),
        ("past", "I was back on 2026-08-01.", NONE, Low),
        ("stale, without a year", "I will be back on 27 July.", NONE, Low),
        ("far off", "I am back on 2028-06-01.", NONE, Low),
        ("maternity leave", "I am on maternity leave until 1 May 2027.", "2027-05-01", Medium),
        ("month and year", "I'm out of the office until October 2026.", NONE, Low),
        ("month alone", "I'll be back in September.", NONE, Low),
        ("end of month", "I am away until the end of August.", "2026-09-01", Low),
        ("telephone", "Back soon. Call +44 20 7946 0017 until then.", NONE, Low),
        ("opening hours", "I'm back soon. Our office is open Monday to Friday from 9.30 to 17.00.", NONE, Low),
        ("24/7", "Until I return our support is there 24/7.", NONE, Low),
        ("get back to you", "We will get back to you. The fair is on 17 August.", NONE, Low),
        ("return your call", "I will return your call. Event: 17 August.", NONE, Low),
        ("until further notice", "Out until further notice. Posted 17 August.", NONE, Low),
        ("wrapped line", "I will be back in the office on Monday,\n17 August 2026.", "2026-08-17", High),
        ("two different returns", "I am back on 17 August. Jane returns on 24 August.", "2026-08-17", Low),
        ("weekday that does not fit", "I will be back on Friday, 17 August 2026.", "2026-08-17", Low),
        ("no such day", "I am back on 31 June 2027.", NONE, Low),
        ("time and date", "I'll be back at 9:30 on 17 August.", "2026-08-17", High),
        ("after", "I will be able to answer after 14 August.", "2026-08-15", Medium),
        ("new year", "I'm back on 5 January 2027.", "2027-01-05", High),
        ("apostrophe year", "Back on 17 Aug '26.", "2026-08-17", High),
        ("span over a dash with spaces", "Vacation: 3 August – 14 August", "2026-08-15", Medium),
        ("today itself", "I'll be back on 3 August.", "2026-08-03", High),
        ("last day away", "My last day of leave is Friday 14 August.", "2026-08-15", High),
        ("available from", "I will be available again from Monday 17 August onwards.", "2026-08-17", High),
        ("two leaves", "Out of office 3-7 August and 17-21 August.", "2026-08-08", Medium),
    ]);
}

#[test]
#[rustfmt::skip]
fn german() {
    hold(&[
        ("wieder erreichbar am", "Ich bin nicht im Büro und wieder erreichbar am 17.08.2026.", "2026-08-17", High),
        ("ab dem wieder, kurz", "Ich bin ab dem 17.8. wieder im Büro.", "2026-08-17", High),
        ("bis einschließlich", "Ich bin bis einschließlich 14. August abwesend.", "2026-08-15", High),
        ("bis einschließlich in ss", "Ich bin bis einschliesslich 14.08. abwesend.", "2026-08-15", High),
        ("bis und mit", "Ich bin bis und mit Freitag, 14. August in den Ferien.", "2026-08-15", High),
        ("bis", "Ich bin bis 17. August im Urlaub.", "2026-08-17", Medium),
        ("bis zum", "Ich bin bis zum 17.08.2026 nicht erreichbar.", "2026-08-17", Medium),
        ("vom bis", "Ich bin vom 3.8. bis 14.8.2026 im Urlaub.", "2026-08-15", Medium),
        ("vom bis zum, ein Monat", "Ich bin vom 3. bis zum 14. August nicht im Haus.", "2026-08-15", Medium),
        ("vom bis einschließlich", "Ich bin vom 03.08. bis einschließlich 14.08. abwesend.", "2026-08-15", High),
        ("Striche", "Urlaub 03.08.–14.08.2026", "2026-08-15", Medium),
        ("ein Monat, Punkte", "Ich bin vom 3.-14.8. abwesend.", "2026-08-15", Medium),
        ("ab Montag den", "Ab Montag den 17.08. bin ich wieder im Büro.", "2026-08-17", High),
        ("ab Montag Komma den", "Ab Montag, den 17.08., bin ich wieder im Büro.", "2026-08-17", High),
        ("ab Montag Komma", "Ab Montag, 17.8., bin ich wieder im Büro.", "2026-08-17", High),
        ("zurück am", "Zurück am 17. August 2026.", "2026-08-17", High),
        ("Umlaut in zwei Buchstaben", "Ich bin am 17. August zurueck.", "2026-08-17", High),
        ("Rückkehr", "Nach meiner Rückkehr am 17. August antworte ich Ihnen.", "2026-08-17", High),
        ("bis und ab wieder", "Ich bin bis zum 16.08. im Urlaub und ab dem 17.08. wieder für Sie da.", "2026-08-17", High),
        ("wieder zur Verfügung", "Ab dem 17. August 2026 stehe ich Ihnen wieder gerne zur Verfügung.", "2026-08-17", High),
        ("nicht vor", "Ich kann Ihre Nachricht nicht vor dem 17. August beantworten.", "2026-08-17", High),
        ("erst wieder", "Ich bin erst wieder am Montag, 17. August im Büro.", "2026-08-17", High),
        ("Wochentag", "Ich bin ab Donnerstag wieder im Büro.", "2026-08-06", Medium),
        ("morgen", "Ich bin morgen wieder erreichbar.", "2026-08-04", Medium),
        ("nächste Woche", "Ich bin nächste Woche wieder da.", "2026-08-10", Low),
        ("KW", "Ich bin ab KW 34 wieder erreichbar.", "2026-08-17", Medium),
        ("KW ohne Leerzeichen", "Ab KW34 wieder im Büro.", "2026-08-17", Medium),
        ("Kalenderwoche", "Ab der Kalenderwoche 34 bin ich wieder im Büro.", "2026-08-17", Medium),
        ("bis KW ist die letzte Woche", "Ich bin bis KW 33 im Urlaub.", "2026-08-17", Medium),
        ("bis einschließlich KW", "Ich bin bis einschließlich KW 33 nicht im Büro.", "2026-08-17", Medium),
        ("diese Woche schon", "Ab KW 32 bin ich wieder da.", "2026-08-03", Medium),
        ("zwei Wochen", "Ich bin bis KW 33/34 im Urlaub.", "2026-08-24", Medium),
        ("ab zwei Wochen die erste", "Ab KW 34/35 bin ich wieder erreichbar.", "2026-08-17", Medium),
        ("Woche vorbei", "Ich bin bis KW 29 im Urlaub.", NONE, Low),
        ("Woche, die es nicht gibt", "Ich bin ab KW 60 wieder da.", NONE, Low),
        ("Wochentag vor der Spanne", "Ich bin ab Montag, 3.8., bis 14.8. im Urlaub.", "2026-08-15", Medium),
        ("ab dem bis zum", "Ich bin ab dem 3.8. bis zum 14.8. nicht im Büro.", "2026-08-15", Medium),
        ("nicht erreichbar ist keine Rückkehr", "Ab dem 7.8. bin ich nicht erreichbar, bis einschließlich 14.8. vertritt mich Frau Klein.", "2026-08-15", High),
        ("Monat abgekürzt", "Ich bin ab dem 3. Sept. bis zum 18. Sept. im Urlaub.", "2026-09-19", Medium),
        ("wieder, danach noch bis", "Ab dem 14.9. bin ich wieder erreichbar, bis zum 30.9. jedoch nur eingeschränkt.", "2026-09-14", High),
        ("neuer Satz", "Ab Montag, 14.9., bin ich im Haus. Bis 30.9. gilt unser Aktionspreis.", "2026-09-14", High),
        ("vertreten bis", "Ab dem 14.9. wieder da. Bis zum 11.9. vertritt mich Frau Klein.", "2026-09-14", High),
        ("Uhrzeit", "Ich bin ab 17.8. um 9.30 Uhr wieder da.", "2026-08-17", High),
        ("Sprechzeiten", "Ich bin bald wieder da. Montag bis Freitag 9.00 bis 17.00 Uhr.", NONE, Low),
        ("Telefon", "Ich bin bald wieder da: 030 17.8.20 44", NONE, Low),
        ("auf weiteres", "Ich bin bis auf weiteres nicht im Büro.", NONE, Low),
        ("schräg, die Sprache entscheidet", "Ich bin bis 17/8 im Urlaub.", "2026-08-17", Medium),
        ("schräg, die Sprache entscheidet, zweideutig", "Ich bin wieder da am 9/8/2026.", "2026-08-09", High),
        ("Elternzeit", "Ich befinde mich bis 31.05.2027 in Elternzeit.", "2027-05-31", Medium),
        ("österreichisch", "Ich bin am 7. Jänner 2027 wieder im Büro.", "2027-01-07", High),
        ("Monat allein", "Ich bin im September wieder da.", NONE, Low),
        ("Ende des Monats", "Ich bin bis Ende August abwesend.", "2026-09-01", Low),
        ("heute", "Ich bin heute nicht im Büro.", "2026-08-04", Low),
        ("am 17.", "Ich bin am 17. wieder im Büro.", "2026-08-17", Medium),
    ]);
}

#[test]
#[rustfmt::skip]
fn french() {
    hold(&[
        ("de retour le", "Je serai de retour le 17 août.", "2026-08-17", High),
        ("lundi", "Je serai de retour le lundi 17 août 2026.", "2026-08-17", High),
        ("sans accent", "De retour le 17 aout", "2026-08-17", High),
        ("premier", "Retour prévu le 1er octobre", "2026-10-01", High),
        ("jusqu'au", "Je suis absent jusqu'au 17 août.", "2026-08-17", Medium),
        ("apostrophe courbe", "Je suis absent jusqu\u{2019}au 17 août.", "2026-08-17", Medium),
        ("inclus", "Je suis absente jusqu'au 14 août inclus.", "2026-08-15", High),
        ("du au, un mois", "Je suis absente du 3 au 14 août.", "2026-08-15", Medium),
        ("du au inclus", "Absent du lundi 3 août au vendredi 14 août inclus", "2026-08-15", High),
        ("du au en chiffres", "En congés du 03/08 au 14/08/2026, réponse à mon retour.", "2026-08-15", Medium),
        ("chiffres, la langue décide", "De retour au bureau le lundi 7/9.", "2026-09-07", High),
        ("jusqu'au en chiffres", "Absent jusqu'au 07/09/2026.", "2026-09-07", Medium),
        ("à partir du", "Je serai de nouveau disponible à partir du 17 août.", "2026-08-17", High),
        ("date d'abord", "À compter du 17 août, je serai à nouveau joignable.", "2026-08-17", High),
        ("retour, virgule", "Je répondrai à votre message à mon retour, le lundi 17 août.", "2026-08-17", High),
        ("jusqu'au puis retour", "Je suis en vacances jusqu'au 16 août. Je répondrai à mon retour au bureau le lundi 17 août.", "2026-08-17", High),
        ("période avec années", "Je serai en vacances pendant la période du 3 août 2026 au 14 août 2026, inclusivement.", "2026-08-15", High),
        ("fermeture", "Nous serons fermés du 3 au 21 août. Réouverture le lundi 24 août.", "2026-08-24", High),
        ("jour seul", "Je serai de retour jeudi.", "2026-08-06", Medium),
        ("demain", "Je serai de retour demain.", "2026-08-04", Medium),
        ("semaine prochaine", "De retour la semaine prochaine.", "2026-08-10", Low),
        ("nouvel an", "De retour le 5 janvier 2027", "2027-01-05", High),
        ("mois seul", "Je serai de retour en septembre.", NONE, Low),
        ("votre retour", "Dans l'attente de votre retour. Salon le 17 août.", NONE, Low),
        ("heure", "Je serai de retour à 14h30.", NONE, Low),
        ("impossible", "Absent du 32 au 40 octobre", NONE, Low),
        ("sans date", "Je vous réponds rapidement.", NONE, Low),
        ("point d'abréviation", "De retour le 8 sept. 2026", "2026-09-08", High),
        ("mar. est mardi", "De retour le mar. 8 septembre", "2026-09-08", High),
        ("pas avant", "Je ne serai pas disponible avant le 17 août.", "2026-08-17", High),
    ]);
}

#[test]
#[rustfmt::skip]
fn spanish_italian_portuguese() {
    hold(&[
        ("es: de vuelta el", "Estaré de vuelta el 17 de agosto.", "2026-08-17", High),
        ("es: regreso el lunes", "Regreso el lunes 17 de agosto de 2026.", "2026-08-17", High),
        ("es: hasta el", "Estoy fuera de la oficina hasta el 17 de agosto.", "2026-08-17", Medium),
        ("es: inclusive", "Estaré ausente hasta el 14 de agosto inclusive.", "2026-08-15", High),
        ("es: del al", "Estaré de vacaciones del 3 al 14 de agosto.", "2026-08-15", Medium),
        ("es: del al, dos meses", "Estaré de vacaciones del 3 de agosto al 4 de septiembre.", "2026-09-05", Medium),
        ("es: el día", "Responderé a mi regreso, el día 7 de octubre del 2026.", "2026-10-07", High),
        ("es: lunes sin mes", "Estaré fuera de la oficina, regreso a la oficina el lunes 17.", "2026-08-17", Medium),
        ("es: a partir del", "Estaré disponible nuevamente a partir del 17/08/2026.", "2026-08-17", High),
        ("es: números, la lengua decide", "Regreso el 9/8/2026", "2026-08-09", High),
        ("es: reincorporo", "Me reincorporo el próximo 17 de agosto.", "2026-08-17", High),
        ("es: mañana pasado", "Vuelvo el jueves.", "2026-08-06", Medium),
        ("es: mañana", "Estaré de vuelta mañana.", "2026-08-04", Medium),
        ("es: por la mañana", "Regreso el próximo lunes por la mañana.", "2026-08-10", Medium),
        ("es: solo el día", "Estoy fuera hasta el 20, gracias.", "2026-08-20", Medium),
        ("es: dos semanas", "Estaré ausente por dos semanas.", "2026-08-17", Low),
        ("es: teléfono y hora", "llámame al 442 467 9790 a las 18:00", NONE, Low),
        ("es: setiembre", "Regreso el 1 de setiembre", "2026-09-01", High),
        ("it: di ritorno il", "Sarò di ritorno il 17 agosto.", "2026-08-17", High),
        ("it: rientro", "Rientro previsto: lunedì 17 agosto 2026", "2026-08-17", High),
        ("it: fino al", "Sono assente fino al 17 agosto.", "2026-08-17", Medium),
        ("it: compreso", "Sarò assente fino al 14 agosto compreso.", "2026-08-15", High),
        ("it: dal al", "Sono in ferie dal 3 al 14 agosto.", "2026-08-15", Medium),
        ("it: dal al con numeri", "Gli uffici sono chiusi dal 10/08/2026 al 21/08/2026.", "2026-08-22", Medium),
        ("it: dal ... sarò di nuovo", "Dal 17 agosto sarò nuovamente in ufficio.", "2026-08-17", High),
        ("it: riapertura", "Chiusura estiva. Riapertura lunedì 24 agosto.", "2026-08-24", High),
        ("it: domani", "Torno domani.", "2026-08-04", Medium),
        ("it: l'8", "Tornerò l'8 settembre.", "2026-09-08", High),
        ("pt: de volta em", "Estarei de volta em 17 de agosto.", "2026-08-17", High),
        ("pt: retorno dia", "Retorno no dia 17/08/2026.", "2026-08-17", High),
        ("pt: até", "Estou ausente até 17 de agosto.", "2026-08-17", Medium),
        ("pt: inclusive", "Estarei de férias até ao dia 14 de agosto, inclusive.", "2026-08-15", High),
        ("pt: de a", "Estarei de férias de 3 a 14 de agosto.", "2026-08-15", Medium),
        ("pt: do ao", "Estarei ausente do dia 3 ao dia 14 de agosto de 2026.", "2026-08-15", Medium),
        ("pt: segunda-feira", "Regresso na segunda-feira, 17 de agosto.", "2026-08-17", High),
        ("pt: números", "Voltarei 9/8", "2026-08-09", High),
    ]);
}

#[test]
#[rustfmt::skip]
fn dutch_polish_nordic() {
    hold(&[
        ("nl: terug op", "Ik ben terug op 7 oktober.", "2026-10-07", High),
        ("nl: weer bereikbaar vanaf", "Ik ben weer bereikbaar vanaf maandag 17 augustus 2026.", "2026-08-17", High),
        ("nl: vanaf ... weer", "Vanaf 17 augustus ben ik weer aanwezig.", "2026-08-17", High),
        ("nl: tot", "Ik ben afwezig tot 17 augustus.", "2026-08-17", Medium),
        ("nl: tot en met", "Ik ben afwezig tot en met 14 augustus.", "2026-08-15", High),
        ("nl: t/m", "Ik ben met vakantie t/m vrijdag 14 augustus.", "2026-08-15", High),
        ("nl: van tot en met", "Ik ben van 3 tot en met 14 augustus op vakantie.", "2026-08-15", High),
        ("nl: van t/m", "Afwezig van 3 augustus t/m 14 augustus.", "2026-08-15", High),
        ("nl: streepjes", "Ik ben terug op 17-08-2026.", "2026-08-17", High),
        ("nl: morgen", "Morgen ben ik weer bereikbaar.", "2026-08-04", Medium),
        ("nl: donderdag", "Ik ben donderdag weer op kantoor.", "2026-08-06", Medium),
        ("pl: wracam", "Wracam 17 sierpnia.", "2026-08-17", High),
        ("pl: dostępny od", "Będę dostępny od 17 sierpnia 2026 r.", "2026-08-17", High),
        ("pl: do", "Jestem na urlopie do 17 sierpnia.", "2026-08-17", Medium),
        ("pl: włącznie", "Jestem nieobecny do 14 sierpnia włącznie.", "2026-08-15", High),
        ("pl: od do", "Przebywam na urlopie od 3 do 14 sierpnia.", "2026-08-15", Medium),
        ("pl: w dniach", "W dniach 3-14 sierpnia jestem na urlopie.", "2026-08-15", Medium),
        ("pl: cyfry", "Nie ma mnie w biurze do 17.08.2026.", "2026-08-17", Medium),
        ("pl: poniedziałek", "Wracam w poniedziałek, 17 sierpnia.", "2026-08-17", High),
        ("sv: tillbaka den", "Jag är tillbaka den 17 augusti.", "2026-08-17", High),
        ("sv: åter", "Åter måndag 17 augusti.", "2026-08-17", High),
        ("sv: till", "Jag har semester till den 17 augusti.", "2026-08-17", Medium),
        ("sv: t.o.m.", "Jag har semester t.o.m. 14 augusti.", "2026-08-15", High),
        ("sv: till och med", "Jag är ledig till och med fredag 14 augusti.", "2026-08-15", High),
        ("sv: snedstreck", "Jag är tillbaka 7/9.", "2026-09-07", High),
        ("sv: vecka", "Jag är tillbaka vecka 34.", "2026-08-17", Medium),
        ("da: tilbage den", "Jeg er tilbage den 17. august.", "2026-08-17", High),
        ("da: fra til", "Jeg holder ferie fra den 3. til den 14. august.", "2026-08-15", Medium),
        ("da: til og med", "Jeg holder ferie til og med den 14. august 2026.", "2026-08-15", High),
        ("da: indtil", "Jeg er på ferie indtil 17/8.", "2026-08-17", Medium),
        ("no: tilbake", "Jeg er tilbake mandag 17. august.", "2026-08-17", High),
        ("no: f.o.m. t.o.m.", "Jeg har ferie fra og med 3. august til og med 14. august.", "2026-08-15", High),
        ("no: igjen", "Kontoret åpner igjen 17. august.", "2026-08-17", High),
    ]);
}

#[test]
#[rustfmt::skip]
fn further_languages() {
    hold(&[
        ("fi: palaan", "Palaan töihin 17.8.2026.", "2026-08-17", High),
        ("fi: asti", "Olen lomalla 17.8. asti.", "2026-08-17", Medium),
        ("fi: kuukausi", "Palaan 17. elokuuta.", "2026-08-17", High),
        ("cs: vrátím se", "Vrátím se 17. srpna.", "2026-08-17", High),
        ("cs: do včetně", "Jsem na dovolené do 14. 8. 2026 včetně.", "2026-08-15", High),
        ("sk: späť", "Budem späť 17. augusta.", "2026-08-17", High),
        ("ru: вернусь", "Я вернусь 17 августа.", "2026-08-17", High),
        ("ru: до", "Я в отпуске до 17 августа.", "2026-08-17", Medium),
        ("ru: с по", "Я в отпуске с 3 по 14 августа.", "2026-08-15", High),
        ("uk: повернуся", "Повернуся 17 серпня.", "2026-08-17", High),
        ("hu: -ig", "Szabadságon vagyok augusztus 14-ig.", "2026-08-15", High),
        ("hu: vissza", "Visszatérek: 2026. augusztus 17.", "2026-08-17", High),
        ("tr: kadar", "17 Ağustos'a kadar izindeyim.", "2026-08-17", Medium),
        ("tr: döneceğim", "17 Ağustos'ta ofise döneceğim.", "2026-08-17", High),
        ("ro: până la", "Sunt în concediu până la 17 august.", "2026-08-17", Medium),
        ("el: έως", "Απουσιάζω έως 17 Αυγούστου.", "2026-08-17", Medium),
        ("he: אחזור", "אחזור ב-17 באוגוסט.", "2026-08-17", High),
        ("he: עד", "אני בחופשה עד ה-17.8.", "2026-08-17", Medium),
        ("ja: まで", "8月14日まで不在にしております。", "2026-08-15", High),
        ("ja: まで mit Wochentag", "8月14日（金）まで休暇をいただいております。", "2026-08-15", High),
        ("ja: 出社", "8月17日（月）に出社いたします。", "2026-08-17", High),
        ("ja: より対応", "2026年8月17日より対応いたします。", "2026-08-17", High),
        ("ja: から まで", "8月3日から8月14日まで夏季休業です。", "2026-08-15", High),
        ("zh: 返回", "我将于8月17日返回办公室。", "2026-08-17", High),
        ("zh: 至", "我于8月3日至8月14日休假。", "2026-08-15", High),
        ("ko: 까지", "8월 14일까지 휴가입니다.", "2026-08-15", High),
        ("ko: 복귀", "8월 17일에 복귀합니다.", "2026-08-17", High),
    ]);
}

#[test]
#[rustfmt::skip]
fn several_languages_in_one_notice() {
    hold(&[
        ("they agree", "Ich bin bis 17. August nicht im Büro.\n\nI am out of the office until August 17.", "2026-08-17", High),
        ("they agree, one numeric", "Ich bin am 07.09.2026 wieder da.\n\nI'm back on 07/09/2026.", "2026-09-07", High),
        ("they differ", "Ich bin ab 17. August wieder da.\n\nI will be back on August 24.", "2026-08-17", Low),
        ("one says through", "Ich bin bis 14. August nicht im Büro.\n\nI am out of the office through August 14.", "2026-08-15", Medium),
        ("a return beats an until", "Je suis absent jusqu'au 14 août.\n\nI will be back on Monday, August 17.", "2026-08-17", High),
    ]);
}

#[test]
#[rustfmt::skip]
fn the_year_rolls_over_by_the_day_of_the_notice() {
    let rows = [
        ("into the new year", "2026-12-20T09:00:00+00:00", "I'll be back on 5 January.", "2027-01-05"),
        ("a span over the new year", "2026-12-23T09:00:00+00:00", "Absent du 21 décembre au 4 janvier", "2027-01-05"),
        ("this year", "2026-01-05T09:00:00+00:00", "I'll be back on 12 January.", "2026-01-12"),
        ("an old notice", "2026-01-05T09:00:00+00:00", "I'll be back on 30 December.", NONE),
        ("a week into the new year", "2026-12-21T09:00:00+00:00", "Ab KW 2 bin ich wieder im Büro.", "2027-01-11"),
        ("the day of the writer, not of Greenwich", "2026-08-03T23:30:00-07:00", "I'll be back tomorrow.", "2026-08-04"),
        ("leap day", "2028-02-20T09:00:00+00:00", "I'll be back on 29 February.", "2028-02-29"),
        ("no leap day", "2026-02-20T09:00:00+00:00", "I'll be back on 29 February.", NONE),
        ("back on the day itself", "2026-09-28T19:06:00+02:00", "I will be out of the office from September 24 through September 27. I will return on September 28.", "2026-09-28"),
        ("the last day away was yesterday", "2026-08-15T08:00:00+02:00", "I am away through 14 August.", "2026-08-15"),
        ("the last day away was before", "2026-08-17T08:00:00+02:00", "I am away through 14 August.", NONE),
        ("the end of time", "9999-12-31T23:00:00+00:00", "I'll be back tomorrow, on 5 January, in KW 2, until the end of March.", "+10000-01-01"),
    ];
    for (description, anchor, text, expected) in rows {
        assert_eq!(read_at(anchor, "", text).map(|found| found.date), expected.parse().ok(), "{description}");
    }
}

#[test]
#[rustfmt::skip]
fn a_subject_tells_where_the_text_does_not() {
    let rows = [
        ("own subject", "Out of office until 17 August", "Thank you.", "2026-08-17"),
        ("the text counts first", "Out of office until 17 August", "Back on 18 August.", "2026-08-18"),
        ("behind Re: it is our subject", "Re: Offer valid until 17 August", "Thank you.", NONE),
        ("behind the mark of a reply too", "Automatic reply: Offer valid until 17 August", "Thank you.", NONE),
        ("before Re: it is theirs", "Abwesend bis 17.08.2026 Re: Offer until 30 August", "", "2026-08-17"),
    ];
    for (description, subject, text, expected) in rows {
        assert_eq!(read_at(ANCHOR, subject, text).map(|found| found.date), expected.parse().ok(), "{description}");
    }
}

#[test]
#[rustfmt::skip]
fn icloud_tells_the_end_in_a_header() {
    let rows = [
        ("day", "startDate=2026-08-03; endDate=2026-08-17", "2026-08-17"),
        ("midnight", "endDate=2026-08-17T00:00:00+02:00", "2026-08-17"),
        ("end of the day", "startDate=2026-08-01T00:00:00Z;endDate=2026-08-16T21:59:59Z", "2026-08-17"),
        ("without a zone", "EndDate: 2026-08-17T00:00:00", "2026-08-17"),
        ("past", "endDate=2026-07-17", NONE),
        ("no date", "endDate=", NONE),
        ("other letters", "endDate=ééééééééééééééééééééé", NONE),
    ];
    for (description, value, expected) in rows {
        let headers = vec![("x-apple-criteria".to_owned(), value.to_owned())];
        let mail = Mail { headers, ..Mail::default() };
        let found = of_mail(&mail, "", DateTime::parse_from_rfc3339(ANCHOR).unwrap());
        assert_eq!(found.map(|found| found.date), expected.parse().ok(), "{description}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_breaks_it_and_no_date_is_past_or_far(text in any::<String>(), subject in any::<String>(), seconds in -62_000_000_000_i64..250_000_000_000, hours in -14..14) {
        let anchor = DateTime::from_timestamp(seconds, 0).unwrap().with_timezone(&FixedOffset::east_opt(hours * 3600).unwrap());
        hold_in_time(&subject, &text, anchor)?;
    }

    /// Texts out of the words that matter, so that dates are found at all.
    #[test]
    fn no_words_of_notices_break_it(words in proptest::collection::vec(word(), 0..40), days in 0_i64..4000) {
        let anchor = DateTime::from_timestamp(1_780_000_000 + days * 86_400, 0).unwrap().fixed_offset();
        hold_in_time("", &words.concat(), anchor)?;
    }
}

fn word() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "back on ",
        "until ",
        "through ",
        "from ",
        "to ",
        "bis ",
        "ab ",
        "wieder ",
        "vom ",
        "jusqu'au ",
        "du ",
        "au ",
        "t/m ",
        "inclusive ",
        "August ",
        "Feb. ",
        "Monday ",
        "Montag, ",
        "den ",
        "the ",
        "KW ",
        "in two weeks ",
        "tomorrow ",
        "next week ",
        "end of ",
        ". ",
        ", ",
        "-",
        "/",
        ".",
        "\n\n",
        "(",
        ")",
        "8月17日",
        "まで",
        "'26 ",
        "T",
    ]);
    prop_oneof![3 => words.prop_map(str::to_owned), 1 => (0_u32..40).prop_map(|n| n.to_string()), 1 => (1980_u32..2110).prop_map(|n| n.to_string()), 1 => (0_u64..u64::MAX).prop_map(|n| n.to_string())]
}

fn hold_in_time(subject: &str, text: &str, anchor: DateTime<FixedOffset>) -> Result<(), TestCaseError> {
    let mail = Mail { subject: subject.to_owned(), ..Mail::default() };
    if let Some(found) = of_mail(&mail, text, anchor) {
        let today = anchor.date_naive();
        prop_assert!(found.date >= today, "{found:?} before {today}");
        prop_assert!((found.date - today).num_days() <= 396, "{found:?} far after {today}");
    }
    Ok(())
}

#[test]
#[rustfmt::skip]
fn a_long_text_is_looked_at_only_so_far() {
    let long = |times: usize| format!("{}back on 17 August", "until 3 ".repeat(times));
    assert_eq!(read_at(ANCHOR, "", &long(100)).map(|found| found.date), "2026-08-17".parse().ok());
    assert_eq!(read_at(ANCHOR, "", &long(1_000_000)), None);
}
