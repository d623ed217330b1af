//! What single words mean to a date: months and weekdays in all languages, and the small words around them.

use crate::mail::automatic::folded::folded;
use chrono::Weekday;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// What a word can be in a date. Some are several things: `mar` is March and Tuesday.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sense {
    /// 1 to 12.
    pub(super) month: Option<u32>,
    /// Of a name that means nothing else.
    pub(super) weekday: Option<Weekday>,
    /// Of a short form that is a weekday only with a date behind it: `sat`, `mar`.
    pub(super) short_weekday: Option<Weekday>,
    parts: u32,
}

/// The small words of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Behind a number: a time of the day.
    Hour,
    /// Before a number: no date follows.
    NoDate,
    /// Joined to a number: an ordinal.
    Ordinal,
    EnglishOrdinal,
    /// Between a weekday and its date, and before a day alone.
    Article,
    /// Before a day without a month.
    DayArticle,
    GermanArticle,
    /// Between a day and its month.
    OfMonth,
    OfYear,
    /// Between the ends of a span.
    To,
    /// The same, but only behind "between" or "from": "and", "y".
    And,
    Through,
    /// More words there: `bis zum`, `to the`.
    ToThe,
    Inclusive,
    Between,
    From,
    Week,
    /// "in": so many days ahead.
    Ahead,
    /// "for": so many days long.
    During,
    /// Before a number of days: "the next".
    Next,
    EndOf,
    EndOfThe,
    /// English weekdays of three letters, and the words that make them sure.
    EnglishWeekday,
    BeforeWeekday,
    /// Begins one of the phrases like "next week".
    Relative,
}

impl Sense {
    pub(super) fn is(self, part: Part) -> bool {
        self.parts & bit(part) != 0
    }
}

fn bit(part: Part) -> u32 {
    1 << (part as u32)
}

/// What a folded word means; none for most words.
pub(super) fn sense(word: &str) -> Option<&'static Sense> {
    SENSES.get(word)
}

static SENSES: LazyLock<HashMap<String, Sense, BuildHasherDefault<ShortHasher>>> = LazyLock::new(|| {
    let mut senses: HashMap<String, Sense, BuildHasherDefault<ShortHasher>> = HashMap::default();
    for (names, month) in MONTH_NAMES.iter().zip(1..) {
        each(names, |name| senses.entry(name).or_default().month = Some(month));
    }
    for (table, is_short) in [(&WEEKDAY_NAMES, false), (&SHORT_WEEKDAY_NAMES, true)] {
        for (names, day) in table.iter().zip(WEEKDAYS) {
            each(names, |name| {
                let sense = senses.entry(name).or_default();
                if is_short { sense.short_weekday = Some(day) } else { sense.weekday = Some(day) }
            });
        }
    }
    for (part, words) in PARTS {
        each(words, |word| senses.entry(word).or_default().parts |= bit(*part));
    }
    for (phrase, _) in super::expression::RELATIVE {
        let first = phrase.split(' ').next().unwrap_or_default();
        senses.entry(first.to_owned()).or_default().parts |= bit(Part::Relative);
    }
    senses
});

fn each(words: &str, mut take: impl FnMut(String)) {
    for word in words.split(' ').filter(|word| !word.is_empty()) {
        take(folded(word, word.len()).trim().to_owned());
    }
}

/// FNV-1a: every word of a notice is looked up, and the words are short. The table is fixed, so nobody can fill a bucket.
#[derive(Default)]
struct ShortHasher(u64);

impl Hasher for ShortHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

const PARTS: &[(Part, &str)] = &[
    (Part::Hour, "h uhr am pm hrs hours heures horas ore uur godz klo hs часов ч 時 点 시"),
    (Part::NoDate, "kl at um klockan klokken klo godz alle ore om tel phone telefon v version"),
    (Part::Ordinal, "st nd rd th er e eme o a ste de го ого te ten ter re"),
    (Part::EnglishOrdinal, "st nd rd th"),
    (Part::Article, "the den dem der le el il dia d o del de dne dnia am"),
    (Part::DayArticle, "dia el al au le il"),
    (Part::GermanArticle, "am zum dem den"),
    (Part::OfMonth, "of de del di den der the d do da ב"),
    (Part::OfYear, "de del of in anno d"),
    (
        Part::To,
        "to until till til bis au al a tot do até ao hasta fino sino jusqu jusque až до έως μέχρι עד la până och og and und et y e en i и indtil 到 から",
    ),
    (Part::And, "and und et y e en i и och og a la"),
    (Part::Through, "through thru по 至 tem"),
    (
        Part::ToThe,
        "zum und mit einschließlich inklusive inkl incl including inclusive the to and den le el il al all en met och med og au a o dia dne dnia up on inclusief d",
    ),
    (Part::Inclusive, "einschließlich inklusive inkl incl including inclusive met med mit"),
    (Part::Between, "between zwischen entre tra tussen między pomiędzy mellan mellem mellom между між între fra"),
    (Part::From, "de del dal desde din dia da do od"),
    (Part::Week, "kw kalenderwoche week uge vecka uke semaine semana settimana v wk viikko"),
    (Part::Ahead, "in en over om tra fra dans em za через"),
    (Part::During, "for por pour per für voor durante pendant"),
    (
        Part::Next,
        "the next about approx ca los las les próximos próximas prochains prochaines die nächsten de komende i prossimi prossime",
    ),
    (
        Part::EndOf,
        "end ende fin fine eind einde final finales końca koniec slutet slutningen fim конца utgangen udgangen",
    ),
    (Part::EndOfThe, "of de di del van af av do des d the month"),
    (Part::EnglishWeekday, "mon tue tues wed thu thur thurs fri"),
    (Part::BeforeWeekday, "on until till through next this by back thru from"),
];

const WEEKDAYS: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// English, German, French, Spanish, Italian, Dutch, Portuguese, Polish, Swedish, Danish, Norwegian, Finnish, Czech, Slovak, Russian,
/// Ukrainian, Hungarian, Turkish, Romanian, Greek, Hebrew; Slavic ones in the genitive too. "out", Portuguese for October, is left
/// out: it is what English notices say most.
const MONTH_NAMES: [&str; 12] = [
    "january jan januar jänner jaenner janvier janv enero ene gennaio gen genn januari janeiro styczeń stycznia sty tammikuu tammikuuta tammikuun leden ledna január januára январь января янв січень січня ocak ianuarie ιανουαρίου ιανουάριος ינואר בינואר",
    "february feb februar feber février févr fév febrero febbraio febbr februari fevereiro fev luty lutego lut helmikuu helmikuuta helmikuun únor února február februára febr февраль февраля фев февр лютий лютого şubat februarie φεβρουαρίου φεβρουάριος פברואר בפברואר",
    "march mar märz maerz mrz mars marzo maart mrt março marco marzec marca mar maaliskuu maaliskuuta maaliskuun marts březen března marec март марта мар березень березня március márc mart martie μαρτίου μάρτιος מרץ במרץ מרס במרס",
    "april apr avril avr abril abr aprile kwiecień kwietnia kwi huhtikuu huhtikuuta huhtikuun duben dubna apríl apríla апрель апреля апр квітень квітня április ápr nisan aprilie απριλίου απρίλιος אפריל באפריל",
    "may mai mayo maggio mag mei maio maj maja toukokuu toukokuuta toukokuun květen května máj mája май мая травень травня május mayıs μαΐου μάιος מאי במאי",
    "june jun juni juin junio giugno giu junho czerwiec czerwca cze kesäkuu kesäkuuta kesäkuun červen června jún júna июнь июня июн червень червня június haziran iunie ιουνίου ιούνιος יוני ביוני",
    "july jul juli juillet juil julio luglio lug julho lipiec lipca lip heinäkuu heinäkuuta heinäkuun červenec července júl júla июль июля июл липень липня július temmuz iulie ιουλίου ιούλιος יולי ביולי",
    "august aug août aout agosto ago augustus augusti sierpień sierpnia sie elokuu elokuuta elokuun srpen srpna augusta август августа авг серпень серпня augusztus ağustos αυγούστου αύγουστος אוגוסט באוגוסט",
    "september sep sept septembre septiembre setiembre set settembre sett setembro wrzesień września wrz syyskuu syyskuuta syyskuun září septembra сентябрь сентября сен сент вересень вересня szeptember szept eylül septembrie σεπτεμβρίου σεπτέμβριος ספטמבר בספטמבר",
    "october oct oktober okt octobre octubre ottobre ott outubro październik października paź lokakuu lokakuuta lokakuun říjen října október októbra октябрь октября окт жовтень жовтня ekim octombrie οκτωβρίου οκτώβριος אוקטובר באוקטובר",
    "november nov novembre noviembre novembro listopad listopada lis listopadu marraskuu marraskuuta marraskuun novembra ноябрь ноября ноя нояб листопад листопада kasım noiembrie νοεμβρίου νοέμβριος נובמבר בנובמבר",
    "december dec dezember dez décembre déc diciembre dic dicembre dezembro grudzień grudnia gru joulukuu joulukuuta joulukuun prosinec prosince decembra desember des декабрь декабря дек грудень грудня aralık decembrie δεκεμβρίου δεκέμβριος דצמבר בדצמבר",
];

const WEEKDAY_NAMES: [&str; 7] = [
    "monday montag montags lundi lunes lunedì maandag segundafeira poniedziałek poniedziałku poniedziałkiem måndag måndagen mandag maanantai maanantaina pondělí pondělka pondelok pondelka понедельник понедельника понеділок понеділка hétfő hétfőn hétfőtől pazartesi luni δευτέρα",
    "tuesday dienstag mardi martes martedì dinsdag wtorek wtorku wtorkiem tisdag tisdagen tirsdag tiistai tiistaina úterý úterka utorok utorka вторник вторника вівторок вівторка kedd kedden salı marți τρίτη",
    "wednesday mittwoch mercredi miércoles mercoledì woensdag środa środy środę środą onsdag onsdagen keskiviikko keskiviikkona středa středy středu streda stredy stredu среда среды среду середа середи середу szerda szerdán çarşamba miercuri τετάρτη",
    "thursday donnerstag jeudi jueves giovedì donderdag czwartek czwartku torsdag torsdagen torstai torstaina čtvrtek čtvrtka štvrtok štvrtka четверг четверга четвер четверга csütörtök csütörtökön perşembe joi πέμπτη",
    "friday freitag vendredi viernes venerdì vrijdag piątek piątku fredag fredagen perjantai perjantaina pátek pátku piatok piatku пятница пятницы пятницу ятниця ятниці ятницю péntek pénteken cuma vineri παρασκευή",
    "saturday samstag sonnabend samedi sábado sabato zaterdag sobota soboty sobotę lördag lørdag lauantai lauantaina sobotu суббота субботы субботу субота szombat szombaton cumartesi sâmbătă σάββατο",
    "sunday sonntag dimanche domingo domenica zondag niedziela niedzieli niedzielę söndag søndag sunnuntai sunnuntaina neděle neděli nedeľa nedeľu воскресенье воскресенья неділя неділі vasárnap pazar duminică κυριακή",
];

const SHORT_WEEKDAY_NAMES: [&str; 7] = [
    "mon lun man mån pon seg пн",
    "tue tues mar tir tis ter вт",
    "wed mer mie mié ons śro qua ср",
    "thu thur thurs jeu jue gio tor czw qui чт",
    "fri ven vie fre sex пт",
    "sat sam sab sáb lør lör сб",
    "sun dim dom søn sön вс",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_of_one_month_or_day() {
        for (what, table) in [
            ("month", MONTH_NAMES.as_slice()),
            ("weekday", WEEKDAY_NAMES.as_slice()),
            ("short weekday", SHORT_WEEKDAY_NAMES.as_slice()),
        ] {
            let mut known: HashMap<String, usize> = HashMap::new();
            for (number, names) in table.iter().enumerate() {
                each(names, |name| assert_eq!(*known.entry(name.clone()).or_insert(number), number, "{what} {name}"));
            }
        }
        assert_eq!(sense("wrzesnia").and_then(|sense| sense.month), Some(9));
        assert_eq!(sense("out").and_then(|sense| sense.month), None);
        assert_eq!(sense("monday").and_then(|sense| sense.weekday), Some(Weekday::Mon));
    }

    #[test]
    fn no_part_takes_the_bit_of_another() {
        for (part, words) in PARTS {
            each(words, |word| assert!(sense(&word).is_some_and(|sense| sense.is(*part)), "{part:?} {word}"));
        }
        assert!(sense("uhr").is_some_and(|sense| sense.is(Part::Hour) && !sense.is(Part::Week)));
        assert!((Part::Relative as u32) < 32);
    }
}
