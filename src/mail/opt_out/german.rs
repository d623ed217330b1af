//! German.

use super::cues::{Cue, Language};

pub(super) const GERMAN: Language = Language {
    is_free_order: true,
    cues: &[
        (
            Cue::Phrase,
            concat!(
                "von der liste nehmen|aus der liste nehmen|von ihrer liste nehmen|loschen sie diese umgehend|",
                "loschen sie diese sofort|loschen sie diese bitte|loschen sie diese unverzuglich|",
                "horen sie bitte auf|hort bitte auf|melden sie mich ab|schreiben sie mir nicht|",
                "schreiben sie mir bitte nicht|",
                "schreiben sie uns nicht|schreib mir nicht|kontaktieren sie mich nicht|",
                "kontaktieren sie uns nicht|kontaktieren sie mich bitte nicht|melden sie mich bitte ab|",
                "melden sie uns ab|melden sie uns bitte ab|melden sie mich von|melden sie mich bitte von|",
                "melden sie uns von|melde mich bitte ab|meldet mich ab|meldet mich bitte ab|",
                "lassen sie mich in ruhe|lassen sie mich bitte in ruhe|lassen sie uns bitte in ruhe|",
                "lassen sie uns in ruhe|lass mich in ruhe|lasst mich in ruhe|in ruhe lassen|",
                "nicht mehr anschreiben|nicht mehr kontaktieren|nicht mehr zu kontaktieren|",
                "nicht mehr anzuschreiben|nicht mehr angeschrieben|nicht mehr kontaktiert|",
                "nicht mehr schreiben|nicht mehr mailen|nicht mehr anmailen|nicht weiter kontaktieren|",
                "nicht weiter anschreiben|nicht weiter belastigen|nicht weiter zu kontaktieren|",
                "nicht erneut kontaktieren|nicht wieder kontaktieren|nicht wieder anschreiben|",
                "keine weitere kontaktaufnahme|keine kontaktaufnahme|",
                "von weiteren kontaktaufnahmen abzusehen|von weiteren mails abzusehen|",
                "von weiteren emails abzusehen|von weiteren nachrichten abzusehen|",
                "von weiteren anfragen abzusehen|von weiteren zusendungen abzusehen|sehen sie von weiteren|",
                "sehen sie bitte von weiteren|weitere emails abzusehen|nehmen sie mich raus|",
                "nehmen sie mich bitte raus|nimm mich raus|aus dem verteiler|aus ihrem verteiler|",
                "aus eurem verteiler|aus deinem verteiler|aus dem mailverteiler|aus dem emailverteiler|",
                "vom verteiler|von ihrem verteiler|von ihrer liste|aus ihrer liste|von deiner liste|",
                "von eurer liste|aus eurer liste|von der mailingliste|aus der mailingliste|",
                "von ihrer mailingliste|aus ihrer mailingliste|aus dem newsletter|vom newsletter|",
                "loschen sie mich|losche mich|loeschen sie mich|loscht mich|loschen sie alle|",
                "loeschen sie alle|loschen sie bitte alle|loschung meiner|loschung aller|loschung unserer|",
                "loeschung meiner|loeschung aller|loeschung unserer|loschung der daten|recht auf loschung|",
                "recht auf vergessen*|recht auf loeschung|werbewiderspruch|widerspruch gegen|",
                "widerspreche der|widerspreche hiermit|widerspreche ich|widersprechen wir|widersprechen der|",
                "widerspruch nach|widerspruch gemass|widerspruch gem|der nutzung meiner|",
                "der verarbeitung meiner|der nutzung unserer|der verarbeitung unserer|",
                "einwilligung widerruf*|widerrufe meine|widerrufe ich|unverlangte*|unaufgefordert*|",
                "unerwunschte werbung|unerwunschte mail*|unerwunschte email*|unerwuenschte*|",
                "ohne meine einwilligung|ohne unsere einwilligung|ohne einwilligung|abmahn*|unterlassungs*|",
                "stoppen sie das|hort auf zu|horen sie auf|hoeren sie auf|unterlassen sie|zu unterlassen|",
                "unterlassen sie es|keine werbung|keine werbemails|keine werbe*|will nichts mehr von|",
                "mochte nichts mehr von|nichts mehr von ihnen|nichts mehr horen|nichts mehr hoeren|",
                "nichts mehr zu senden|nichts mehr zusenden|nichts mehr schicken|kontaktieren sie mich nie|",
                "schreiben sie mir nie|mich nicht zu kontaktieren|uns nicht zu kontaktieren|",
                "sperren sie meine|sperren sie unsere|auf die blacklist|auf ihre blacklist|",
                "auf ihre sperrliste|auf die sperrliste|spam gemeldet|als spam melden|als spam markiert|",
                "horen sie auf mich|spammen sie|verpiss*|newsletter kundigen|newsletter abbestellen|",
                "newsletter abmelden|kein kontakt mehr|",
            ),
        ),
        (
            Cue::Unsubscribe,
            concat!(
                "abmelden|abmeldung|abzumelden|abmelde|abbestellen|abbestellung|abzubestellen|abbestelle|",
                "austragen|austragung|auszutragen|deabonnieren|zu deabonnieren|ausgetragen werden|",
            ),
        ),
        (
            Cue::Command,
            concat!(
                "stopp|losche|loschen|loeschen|entfernen|austragen|abmelden|abmeldung|abbestellen|raus|",
                "keine mails|keine emails|keine mails mehr|keine emails mehr|keinen newsletter|kein spam|",
                "spam|aufhoren|nicht mehr|nicht kontaktieren|nicht anschreiben|keine nachrichten mehr|",
                "entfernt mich|nie mehr|",
            ),
        ),
        (
            Cue::Remove,
            concat!(
                "losch*|loesch*|geloscht|geloescht|zu loschen|entfern*|streich*|gestrichen|tilg*|",
                "herausnehm*|rausnehm*|austrag*|herauszunehmen|rauszunehmen|sperr*|auszutragen|rausloschen|",
            ),
        ),
        (
            Cue::Me,
            concat!(
                "mich|uns|meine adress*|meine mail*|meine email*|meine daten|meine kontakt*|meine person*|",
                "meine geschaftlich*|meiner daten|meiner email*|meiner adress*|meinen namen|meinen kontakt|",
                "unsere adress*|unsere daten|unsere mail*|unsere email*|unsere kontakt*|unserer daten|",
                "unserer email*|diese adresse|diese email adresse|diese emailadresse|diese mailadresse|",
                "unsere firma|unser unternehmen|alle daten|",
            ),
        ),
        (
            Cue::List,
            concat!(
                "verteiler*|mailverteiler*|emailverteiler*|mailingliste*|ihrer liste*|ihrer mailing*|",
                "ihrer datenbank|ihren datenbestand|ihrem datenbestand|ihrer kontaktliste|ihrer adressliste|",
                "ihrem system|ihrem crm|eurer liste|eurer datenbank|deiner liste|ihren listen|aus der liste|",
                "von der liste|ihren verteilern|ihren datenbanken|",
            ),
        ),
        (
            Cue::Take,
            concat!(
                "nehmen sie|nehmt|nimm|tragen sie|tragt|trag|streichen sie|streich|streicht|werfen sie|",
                "nehmen|tragen|trage|",
            ),
        ),
        (
            Cue::Off,
            concat!(
                "raus|heraus|aus|von der liste|von ihrer liste|von eurer liste|von deiner liste|",
                "von dieser liste|aus der liste|aus ihrer*|",
            ),
        ),
        (
            Cue::Stop,
            concat!(
                "horen sie auf|hoeren sie auf|hort auf|hor auf|stoppen sie|stoppt|unterlassen sie|",
                "verzichten sie|schluss mit|stop|",
            ),
        ),
        (
            Cue::Sending,
            concat!(
                "zu schreiben|zu senden|zu schicken|zu kontaktieren|emails|mails|werbung|nachrichten|",
                "newsletter*|spam|zu mailen|weitere*|zusendung*|kontaktaufnahme*|den mails|ihre mails|",
                "ihre emails|",
            ),
        ),
        (Cue::Not, "nicht|nie|niemals|keinesfalls|nichts|"),
        (
            Cue::Contact,
            concat!(
                "kontaktier*|anschreib*|angeschrieb*|anzuschreib*|schreiben sie mir|schreiben sie uns|",
                "schreib mir|schreibt mir|mir schreiben|mir zu schreiben|belastig*|belaestig*|anmail*|",
                "mailen sie|zu mailen|mails senden|mails schicken|emails senden|emails schicken|zusenden|",
                "zuschicken|kontakt auf*|behellig*|kontakt mit mir|senden sie mir|schicken sie mir|",
                "senden sie uns|schicken sie uns|zu senden|zu schicken|anzumailen|schick mir|schickt mir|",
            ),
        ),
        (
            Cue::Again,
            concat!(
                "mehr|weiter*|wieder|kunftig|zukunftig|kuenftig|zukuenftig|in zukunft|noch einmal|erneut|",
                "nochmal*|ferner|nie|niemals|",
            ),
        ),
        (Cue::Want, "mochte*|moechte*|will|wollen|wunsche*|wuensche*|lege keinen wert|habe kein interesse|"),
        (
            Cue::Receive,
            concat!(
                "kontaktiert werden|angeschrieben werden|belastigt werden|von ihnen horen|mails erhalten|",
                "emails erhalten|mails bekommen|emails bekommen|mails von ihnen|emails von ihnen|",
                "werbung erhalten|newsletter erhalten|nachrichten erhalten|post von ihnen|weitere mails|",
                "weitere emails|kontaktiert zu werden|ihre mails|ihre emails|ihren newsletter|",
            ),
        ),
        (
            Cue::NoMore,
            concat!(
                "keine weiteren|keine weitere|keinerlei weitere*|keine zusatzlichen|kein weiterer|",
                "an weiteren|auf weitere|keine neuen|",
            ),
        ),
        (Cue::No, "keine|keinen|kein|keinerlei|"),
        (
            Cue::Mails,
            concat!(
                "mail|mails|email|emails|nachricht|nachrichten|werbung|werbemail*|newsletter*|zusendung*|",
                "kontaktaufnahme*|kontaktversuche*|akquise*|akquisemails|spam|post von*|schreiben|kontakt|",
                "kontakte|anschreiben|belastigung*|werbepost|",
            ),
        ),
        (Cue::Hesitate, "zogern|zoger*|zoegern|scheuen|vergessen|vergiss|"),
        (Cue::Until, "bis|vor|erst|momentan|derzeit|im moment|telefonisch|aktuell|per telefon|diese woche|vorher|"),
        (
            Cue::Third,
            concat!(
                "kunden|kunde|nutzer*|empfanger*|abonnenten|kontakte|leads|teilnehmer*|mitarbeiter*|leute|",
                "personen|user|",
            ),
        ),
        (
            Cue::Feature,
            concat!(
                "funktion*|link|button|quote|rate|prozess*|seite|option*|termin|meeting|veranstaltung|",
                "webinar|",
            ),
        ),
        (Cue::Undo, "versehentlich|aus versehen|irrtumlich|wieder anmelden|wieder eintragen|wieder aufnehmen|"),
        (Cue::Law, "dsgvo|ds gvo|uwg|bdsg|art 17|artikel 17|art 21|artikel 21|datenschutz*|7 uwg|"),
        (
            Cue::Claim,
            concat!(
                "losch*|loesch*|widerspr*|widerruf*|meine daten|meiner daten|verstoss*|verstosst|",
                "beschwerde*|hiermit|unterlass*|fordere|meinen daten|rechtswidrig|unzulassig|anzeige|",
                "anzeigen|weiterer|",
            ),
        ),
    ],
};
