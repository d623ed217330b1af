//! Swedish, Danish and Norwegian.

use super::cues::{Cue, Language};

pub(super) const SWEDISH: Language = Language {
    is_free_order: false,
    cues: &[
        (
            Cue::Phrase,
            concat!(
                "ta bort mig|ta bort oss|ta bort min|ta bort mina|ta bort denna adress|ta bort var|",
                "ta bort vara|ta genast bort|tas bort fran|bli borttagen|bort mig fran|bort oss fran|",
                "stryk mig|stryk oss|lamna mig i fred|lat mig vara|sluta maila|sluta mejla|sluta kontakta|",
                "sluta skicka|sluta spamma|sluta hora av|sluta skriva|sluta med|kontakta mig inte|",
                "kontakta inte|kontakta oss inte|inte bli kontaktad*|inte kontakta|inte kontaktas|",
                "inte ha fler|inte fa fler|inte ha mer|inte fa mer|inte maila|inte mejla|inga fler|inga mer|",
                "inte langre ta emot|inte ta emot|aterkallar mitt samtycke|ratten att bli bortglomd|",
                "ratt att bli raderad|radera mina|radera mig|radera alla|radera vara|invander mot|oonskad*|",
                "anmaler er|anmaler detta|spamma inte|fran er lista|fran er maillista|fran era listor|",
                "fran er sandlista|fran sandlistan|fran maillistan|fran mejllistan|fran ert utskick|",
                "fran era utskick|avanmal mig|avregga|",
            ),
        ),
        (
            Cue::Unsubscribe,
            concat!(
                "avregistrer*|avprenumerer*|avsluta prenumeration*|avanmal|avanmala|avanmalan|",
                "avsluta min prenumeration|",
            ),
        ),
        (
            Cue::Command,
            concat!(
                "avregistrera|ta bort|stopp|avanmal|avanmala|avsluta|sluta|inga mail|inga mejl|spam|radera|",
                "nej tack till mail|",
            ),
        ),
        (Cue::Remove, "radera|avlagsna|plocka bort|rensa bort|ta bort|stryk|"),
        (
            Cue::Me,
            concat!(
                "mig|oss|min adress|min epost*|min e post*|min mejl*|min mail*|mina uppgifter|",
                "vara uppgifter|var adress|var epost*|denna adress|den har adressen|mina personuppgifter|",
            ),
        ),
        (
            Cue::List,
            concat!(
                "er lista|era listor|sandlista*|maillista*|mejllista*|ert register|utskick*|epostlista*|",
                "er databas|",
            ),
        ),
        (Cue::Stop, "sluta|upphor|sluta att|slut med|"),
        (Cue::Sending, "skicka|maila|mejla|kontakta|skriva|spamma|mail|mejl|utskick|"),
        (Cue::Not, "inte|ej|aldrig|"),
        (Cue::Contact, "kontakta|kontaktas|kontaktad*|maila|mejla|skicka|skicka mig|skriv|skriva|hor av|"),
        (Cue::Again, "mer|mera|igen|fler|framover|langre|i framtiden|vidare|"),
        (Cue::Want, "vill|onskar|intresserad* av|"),
        (
            Cue::Receive,
            concat!(
                "ha mail|ha mejl|fa mail|fa mejl|fa epost|bli kontaktad*|ta emot|fa era|ha era|ha fler|",
                "fa fler|hora fran|ha utskick|fa utskick|",
            ),
        ),
        (Cue::NoMore, "inga fler|inga mer|inget mer|inga ytterligare|slut pa|"),
        (Cue::No, "inga|ingen|"),
        (Cue::Mails, "mail|mejl|mailen|mejlen|epost|utskick|reklam|nyhetsbrev|meddelanden|spam|kontakt|"),
        (Cue::Hesitate, "tvek*|glom|"),
        (Cue::Until, "forran|fore|innan|just nu|for tillfallet|i nulaget|via telefon|"),
        (Cue::Third, "kunder|kund|anvandare|kontakter|prenumeranter|mottagare|leads|folk|deltagare|"),
        (Cue::Feature, "funktion*|lank|knapp|sida|motet|webinar|eventet|"),
        (Cue::Undo, "av misstag|oavsiktligt|"),
        (Cue::Law, "gdpr|artikel 17|artikel 21|art 17|marknadsforingslagen|"),
        (Cue::Claim, "radera*|mina uppgifter|begar|klagomal|brott mot|bryter mot|harmed|invand*|"),
    ],
};

pub(super) const DANISH: Language = Language {
    is_free_order: false,
    cues: &[
        (
            Cue::Phrase,
            concat!(
                "meld mig af|meld os af|tag mig af|tag os af|tag mig ud|fjern mig|fjern os|slet mig|slet os|",
                "slet min|slet mine|fjern min|fjern mine|fjern venligst|slet venligst|lad mig vaere|",
                "lad os vaere|hold op med|stop med at|stop med de|kontakt mig ikke|kontakt os ikke|",
                "ikke kontakte mig|ikke kontakte os|ikke kontaktes|ikke at blive kontaktet|",
                "ikke blive kontaktet|ikke kontakt mig|ikke skrive til mig|ikke skriv til mig|",
                "skriv ikke til mig|ikke sende mig flere|send ikke flere|send mig ikke flere|",
                "ikke sende flere|ikke modtage|ikke flere mails|ikke flere emails|ingen flere mails|",
                "ingen flere|fra jeres liste*|fra jeres mail*|fra mailinglisten|fra maillisten|",
                "af jeres liste*|af mailinglisten|retten til at blive glemt|ret til sletning|",
                "traekker mit samtykke|uopfordret*|uonsket*|frabede* mig|frabede* os|markedsforingsloven|",
                "ikke langere modtage|ikke laengere modtage|",
            ),
        ),
        (
            Cue::Unsubscribe,
            concat!(
                "afmeld|afmelde|afmelding|afmeldes|afmeldt|frameld|framelde|frameldes|framelding|frabeder|",
                "afmelder|",
            ),
        ),
        (Cue::Command, "afmeld|frameld|slet|fjern|afmelding|ingen mails|ikke flere|spam|stop venligst|"),
        (Cue::Remove, "fjern|fjerne|fjernes|fjernet|slet|slette|slettes|slettet|"),
        (
            Cue::Me,
            concat!(
                "mig|os|min email*|min e mail*|min mail*|min adresse|mine data|mine oplysninger|vores mail*|",
                "vores data|vores adresse|denne adresse|mine kontakt*|",
            ),
        ),
        (
            Cue::List,
            concat!(
                "jeres liste*|jeres mailing*|din liste|mailingliste*|mailliste*|jeres database|",
                "jeres system*|nyhedsbrev*|",
            ),
        ),
        (Cue::Stop, "stop|hold op|stoppe|ophor|"),
        (Cue::Sending, "sende|skrive|kontakte|maile|spamme|mails|emails|spam|"),
        (Cue::Not, "ikke|aldrig|"),
        (Cue::Contact, "kontakt|kontakte|kontaktes|kontaktet|skriv|skrive|send|sende|maile|"),
        (Cue::Again, "mere|igen|flere|fremover|i fremtiden|laengere|yderligere|"),
        (Cue::Want, "onsker|vil|gider|vil gerne|"),
        (
            Cue::Receive,
            concat!(
                "modtage|at modtage|at blive kontaktet|blive kontaktet|kontaktes|hore fra|have mails|",
                "have flere|fa mails|fa flere|",
            ),
        ),
        (Cue::NoMore, "ikke flere|ingen flere|ingen yderligere|"),
        (Cue::No, "ingen|"),
        (Cue::Mails, "mails|mail|emails|email|beskeder|nyhedsbreve|reklamer|henvendelser|spam|"),
        (Cue::Hesitate, "tov*|tvivl*|glem|"),
        (Cue::Until, "inden|lige nu|pa nuvaerende|i ojeblikket|telefonisk|"),
        (Cue::Third, "kunder|kunde|brugere|kontakter|abonnenter|modtagere|leads|deltagere|folk|"),
        (Cue::Feature, "funktion*|link|knap|side|mode|modet|webinar|arrangement*|"),
        (Cue::Undo, "ved en fejl|kom til at|"),
        (Cue::Law, "gdpr|artikel 17|artikel 21|art 17|databeskyttelse*|persondata*|"),
        (Cue::Claim, "slet*|mine data|mine oplysninger|anmoder|klage|anmelde*|overtraed*|hermed|"),
    ],
};

pub(super) const NORWEGIAN: Language = Language {
    is_free_order: false,
    cues: &[
        (
            Cue::Phrase,
            concat!(
                "meld meg av|meld oss av|melde meg av|ta meg av|ta oss av|ta meg bort|ta meg ut|fjern meg|",
                "fjern oss|slett meg|slett oss|slett min|slett mine|fjern min|fjern mine|stryk meg|",
                "la meg vaere|slutt a sende|slutt a kontakte|slutt a maile|slutt a skrive|slutt med|",
                "slutt a spamme|stopp a sende|kontakt meg ikke|ikke kontakt meg|ikke kontakt oss|",
                "ikke kontakte meg|ikke kontakte oss|ikke kontaktes|ikke bli kontaktet|ikke a bli kontaktet|",
                "ikke send meg|ikke send flere|ikke sende meg|ikke send oss|ikke motta|ikke lenger motta|",
                "ingen flere|ikke flere eposter|ikke flere mailer|ikke flere epost|fra epostlisten|",
                "fra mailinglisten|fra deres liste*|av epostlisten|av mailinglisten|fra deres register|",
                "fra maillisten|av maillisten|retten til a bli glemt|rett til sletting|trekker samtykket|",
                "trekker mitt samtykke|uonsket*|uoppfordret*|markedsforingsloven|reservere meg|",
                "reserverer meg|",
            ),
        ),
        (Cue::Unsubscribe, "avmeld|avmelde|avmelding|avmeldes|avslutt abonnement*|avregistrer*|avslutte abonnement*|"),
        (Cue::Command, "avmeld|slett|stopp|fjern|avmelding|ingen mail|ingen epost|ikke flere|spam|"),
        (Cue::Remove, "fjern|fjerne|fjernes|fjernet|slett|slette|slettes|slettet|stryk|"),
        (
            Cue::Me,
            concat!(
                "meg|oss|min epost*|min e post*|min mail*|min adresse|mine data|mine opplysninger|",
                "var epost*|denne adressen|denne epost*|mine personopplysninger|",
            ),
        ),
        (
            Cue::List,
            concat!(
                "epostliste*|mailingliste*|deres liste*|din liste|mailliste*|deres database|deres register|",
                "nyhetsbrev*|",
            ),
        ),
        (Cue::Stop, "stopp|slutt|slutt a|slutte a|"),
        (Cue::Sending, "sende|kontakte|skrive|spamme|maile|eposter|epost|spam|mailer|"),
        (Cue::Not, "ikke|aldri|"),
        (Cue::Contact, "kontakt|kontakte|kontaktes|kontaktet|send|sende|skriv|skrive|maile|"),
        (Cue::Again, "mer|igjen|flere|lenger|fremover|i fremtiden|videre|"),
        (Cue::Want, "onsker|vil|orker|vil gjerne|"),
        (
            Cue::Receive,
            concat!(
                "motta|a motta|bli kontaktet|a bli kontaktet|hore fra|ha flere|fa flere|fa epost*|ha epost*|",
                "ha mail|",
            ),
        ),
        (Cue::NoMore, "ingen flere|ikke flere|ingen ytterligere|"),
        (Cue::No, "ingen|"),
        (Cue::Mails, "mail|mailer|epost|eposter|henvendelser|meldinger|nyhetsbrev|reklame|spam|"),
        (Cue::Hesitate, "nol*|tvil*|glem|"),
        (Cue::Until, "innen|akkurat na|for oyeblikket|pa det navaerende|telefonisk|"),
        (Cue::Third, "kunder|kunde|brukere|kontakter|abonnenter|mottakere|leads|deltakere|folk|"),
        (Cue::Feature, "funksjon*|lenke|knapp|side|motet|webinar|arrangement*|"),
        (Cue::Undo, "ved en feil|kom i skade|"),
        (Cue::Law, "gdpr|artikkel 17|artikkel 21|art 17|personvern*|datatilsynet|"),
        (Cue::Claim, "slett*|mine data|mine opplysninger|ber om|klage|brudd|bryter|herved|"),
    ],
};
