//! Dutch.

use super::cues::{Cue, Language};

pub(super) const DUTCH: Language = Language {
    is_free_order: true,
    cues: &[
        (
            Cue::Phrase,
            concat!(
                "meld mij af|mail mij niet|mail me niet|schrijf mij niet|schrijf me niet|benader mij niet|",
                "benader me niet|benader ons niet|contacteer mij niet|contacteer me niet|",
                "contacteer ons niet|mail ons niet|stuur mij niets|stuur me niets|stuur mij geen|",
                "stuur me geen|meld me af|meld ons af|wilt u mij afmelden|laat mij met rust|",
                "laat me met rust|niet meer benaderen|niet meer contacteren|niet meer mailen|",
                "niet meer te mailen|niet meer te benaderen|niet meer te contacteren|niet meer e mailen|",
                "geen contact meer|geen mails meer|geen mail meer|geen emails meer|geen email meer|",
                "geen berichten meer|geen verdere mails|geen verdere emails|geen verdere berichten|",
                "geen verder contact|geen reclame|geen spam|stop met mailen|stop met emailen|",
                "stop met het sturen|stop met sturen|stop met spammen|stop hiermee|stop met deze|stop deze|",
                "hou op met|houd op met|van de mailinglijst|uit de mailinglijst|van uw mailinglijst|",
                "van jullie mailinglijst|van je mailinglijst|van de mailing list|van de verzendlijst|",
                "recht op vergetelheid|recht op gegevenswissing|recht op verwijdering|recht van bezwaar|",
                "maak bezwaar|bezwaar tegen|trek mijn toestemming in|toestemming intrekken|",
                "zonder toestemming|ongevraagde*|ongewenste*|als spam|niet langer ontvangen|",
                "niet langer te ontvangen|niet meer ontvangen|niet meer te ontvangen|verwijder mij|",
                "verwijder me|verwijder ons|",
            ),
        ),
        (
            Cue::Unsubscribe,
            concat!(
                "uitschrijven|uitschrijving|uit te schrijven|uitgeschreven|afmelden|afmelding|af te melden|",
                "uitschrijf|nieuwsbrief opzeggen|",
            ),
        ),
        (
            Cue::Command,
            concat!(
                "afmelden|uitschrijven|verwijderen|verwijder|stoppen|geen mails|geen mail|geen emails|spam|",
                "niet meer|niet mailen|eraf|",
            ),
        ),
        (Cue::Remove, "verwijder*|schrap*|wis|wissen|te verwijderen|verwijdering|te wissen|verwijderd|"),
        (
            Cue::Me,
            concat!(
                "mij|me|ons|mijn adres*|mijn email*|mijn mail*|mijn gegevens|mijn naam|mijn data|",
                "onze gegevens|ons adres|ons email*|onze email*|dit adres|dit emailadres|dit mailadres|",
                "mijn persoonsgegevens|mijn contactgegevens|",
            ),
        ),
        (
            Cue::List,
            concat!(
                "mailinglijst*|uw lijst*|jullie lijst*|je lijst|uw bestand*|jullie bestand*|uw database|",
                "jullie database|adressenbestand|verzendlijst*|maillijst*|emaillijst*|mailing list|",
                "uw systeem|jullie systeem|",
            ),
        ),
        (Cue::Take, "schrijf|haal|halen|neem|gooi|te halen|schrijft u|haalt u|halen jullie|"),
        (
            Cue::Off,
            concat!(
                "uit|af|eraf|eruit|van de lijst|van deze lijst|mailinglijst|van uw*|van jullie*|",
                "van je lijst|verzendlijst|",
            ),
        ),
        (Cue::Stop, "stop|stoppen|stopt u|hou op|houd op|ophouden|staak|"),
        (
            Cue::Sending,
            concat!(
                "mailen|emailen|sturen|schrijven|contacteren|benaderen|spammen|spam|mails|emails|berichten|",
                "lastig*|",
            ),
        ),
        (Cue::Not, "niet|nooit|geen|"),
        (
            Cue::Contact,
            concat!(
                "contacteren|contacteer|gecontacteerd|mailen|benaderen|benader|benaderd|schrijven|schrijf|",
                "sturen|stuur|toesturen|contact op*|contact opnemen|lastig*|te sturen|te mailen|",
                "toe te sturen|",
            ),
        ),
        (Cue::Again, "meer|verder*|opnieuw|in de toekomst|voortaan|langer|nog een keer|ooit|"),
        (Cue::Want, "wil|wilt|willen|wens|wensen|hoef|hoeven|behoefte aan|stel geen prijs op|graag|"),
        (
            Cue::Receive,
            concat!(
                "ontvangen|te ontvangen|mails krijgen|emails krijgen|gecontacteerd worden|benaderd worden|",
                "gemaild worden|te worden benaderd|mails van jullie|mails van u|emails van u|jullie mails|",
                "uw mails|",
            ),
        ),
        (Cue::NoMore, "geen verdere|geen nieuwe|geen andere|nooit meer|"),
        (Cue::No, "geen|"),
        (
            Cue::Mails,
            concat!(
                "mail|mails|email|emails|mailtjes|bericht|berichten|reclame|nieuwsbrief|nieuwsbrieven|spam|",
                "acquisitie|post van|",
            ),
        ),
        (Cue::Hesitate, "aarzel*|twijfel*|schroom|"),
        (Cue::Until, "tot|pas|momenteel|op dit moment|telefonisch|voorlopig|"),
        (Cue::Third, "klanten|klant|gebruikers|gebruiker|contacten|leads|abonnees|ontvangers|mensen|deelnemers|"),
        (Cue::Feature, "functie*|link|knop|percentage|optie*|pagina|proces|meeting|vergadering|webinar|evenement|"),
        (Cue::Undo, "per ongeluk|per abuis|opnieuw aanmelden|weer aanmelden|"),
        (Cue::Law, "avg|gdpr|art 17|artikel 17|artikel 21|art 21|telecommunicatiewet|"),
        (Cue::Claim, "verwijder*|mijn gegevens|verzoek|klacht|bezwaar|overtreding|in strijd|hierbij|"),
    ],
};
